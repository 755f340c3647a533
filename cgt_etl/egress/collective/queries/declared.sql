-- One row per population: legal entities that can contribute to it, as partner files declare them, whatever they have delivered.
select
    'batch' as population,
    count(distinct legal_entity) as contributor_count
from party
where list_contains(string_split(roles, ', '), 'manufacturer')
union all
select
    'collection' as population,
    count(distinct legal_entity) as contributor_count
from party
where list_has_any(string_split(roles, ', '), ['blood_centre', 'hospital'])

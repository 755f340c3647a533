-- One row per person collected from by a blood centre or a hospital: the first time, if it was before $begin, and its categories.
with first_time as (
    select
        collection.collection_id,
        site.party_id,
        row_number() over (
            partition by collection.donor_subject_id
            order by collection.started_date asc, collection.collection_id asc
        ) as rank_no
    from collection
    left join site on collection.site_id = site.site_id
    where collection.donor_subject_id is not null and collection.started_date < $begin
),

tested as (
    select
        coalesce(measurement.collection_id, product.collection_id) as collection_id,
        min(measurement.value) as viability
    from measurement
    left join product on measurement.product_id = product.product_id
    where
        measurement.measurement = 'product_viability_pre'
        and measurement.comparator is null
        and measurement.superseded_by_measurement_id is null
        and coalesce(measurement.occurred_date < $begin, true)
    group by coalesce(measurement.collection_id, product.collection_id)
)

select
    'collection' as population,
    first_time.collection_id as subject,
    party.legal_entity as contributor,
    case when list_contains(string_split(party.roles, ', '), 'blood_centre') then 'blood_centre' else 'hospital' end as collector_role,
    case
        when tested.viability is null then 'not stated'
        when tested.viability < 90 then 'below 90 %'
        when tested.viability < 95 then '90 to 95 %'
        else '95 % and more'
    end as starting_viability_band
from first_time
inner join party on first_time.party_id = party.party_id
left join tested on first_time.collection_id = tested.collection_id
where first_time.rank_no = 1 and list_has_any(string_split(party.roles, ', '), ['blood_centre', 'hospital'])

with fact as (
    {{ standing_facts('subject_identifier') }}
)

select
    {{ resolved_columns('subject_identifier', persons=['identifier', 'other_identifier']) }},
    by_identifier.release_token as identifier_id,
    by_identifier.kind as identifier_kind,
    by_identifier.issuer,
    by_identifier.subject_id,
    by_other_identifier.release_token as other_identifier_id,
    {{ own_columns('subject_identifier') }}
from fact
{{ join_identifiers('fact', ['identifier', 'other_identifier']) }}
where by_identifier.release_token is not null

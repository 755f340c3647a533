{{ config(pre_hook="{{ delete_touched() }}") }}

with known as (
    -- One row per partner that uses the identifier; the same identifier from two partners is one.
    select
        kind as identifier_kind,
        issuer,
        release_token as identifier_id,
        min(subject_id) as subject_id,
        min(superseded_by) as superseded_by,
        {{ any_true('is_contested') }} as is_contested,
        min(component_id) as component_id
    from {{ source('identity', 'identifier') }}
    where subject_id is not null and {{ only_touched() }}
    group by kind, issuer, release_token
),

stated as (
    select
        identifier_kind,
        issuer,
        identifier_id,
        min(valid_from_date) as valid_from_date
    from {{ ref('int_subject_identifier__resolved') }}
    group by identifier_kind, issuer, identifier_id
)

select
    known.subject_id,
    known.identifier_kind,
    known.issuer,
    known.identifier_id,
    stated.valid_from_date,
    known.superseded_by,
    known.is_contested,
    known.component_id
from known
left join stated
    on
        known.identifier_kind = stated.identifier_kind
        and known.issuer = stated.issuer
        and known.identifier_id = stated.identifier_id

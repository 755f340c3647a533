{{ config(pre_hook="{{ delete_touched() }}") }}

select
    said.consent_statement_id as consent_id,
    said.subject_id,
    said.scope_code,
    said.purpose_code,
    said.version,
    coalesce(said.jurisdiction_code, site.country_code) as jurisdiction_code,
    said.given_date,
    said.withdrawn_at_utc,
    said.source_delivery,
    said.source_row,
    said.component_id
from {{ ref('int_consent__resolved') }} as said
left join {{ ref('site') }} as site on said.site_id = site.site_id
where {{ only_touched('said.component_id') }}

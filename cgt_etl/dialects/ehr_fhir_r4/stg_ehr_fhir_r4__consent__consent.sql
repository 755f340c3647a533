with purpose as (
    select
        {{ fact_columns('consent') }},
        code
    from {{ ref('stg_ehr_fhir_r4__consent__purpose') }}
    union all
    -- a consent that names no purpose is one for all that its scope allows
    select
        {{ fact_columns('consent', 'said') }},
        cast(null as {{ type_of('text') }}) as code
    from {{ ref('stg_ehr_fhir_r4__consent') }} as said
    left join {{ ref('stg_ehr_fhir_r4__consent__purpose') }} as named
        on said.source_delivery = named.source_delivery and said.source_row = named.source_row
    where named.source_row is null
)

select
    {{ fact_columns('consent', 'purpose') }},
    said.patient as subject_token,
    'patient' as subject_role,
    false as is_anonymous,
    said.scope_code,
    purpose.code as purpose_code,
    said.policy as version,
    {{ time_from_instant('given', 'given', 'said') }},
    -- a consent that is no longer active ends with its period, or else when its record was last written
    {%- for part in time_columns_of('') %}
    case when said.status = 'inactive' then coalesce(said.valid_to{{ part }}, said.last_updated{{ part }}) end as withdrawn{{ part }},
    {%- endfor %}
    {{ unstated('consent', [
        'subject_token', 'subject_role', 'is_anonymous', 'scope_code', 'purpose_code', 'version', 'given', 'withdrawn',
    ]) }}
from purpose
inner join {{ ref('stg_ehr_fhir_r4__consent') }} as said
    on purpose.source_delivery = said.source_delivery and purpose.source_row = said.source_row
where said.status in ('active', 'inactive') and coalesce(said.provision_type, 'permit') = 'permit'

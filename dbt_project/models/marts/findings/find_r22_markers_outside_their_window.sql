{{ config(materialized='ephemeral') }}

{#-
  Days from the collection on which a donor's sample counts: 21 CFR 1271.80(b) (7 days to either side, up to 30 before for peripheral blood stem
  cells and marrow), which 1271.90(a)(1) does not ask of autologous use; Directive 2006/17/EC, Annex II, 2.5 and after it (the day itself or 7
  days after; for peripheral blood stem cells and marrow up to 30 before), whoever the cells are for.
-#}
{%- set windows = [
    ('US', false, 'hpc_collection', -30, 7),
    ('US', false, 'mnc_collection', -7, 7),
    ('EU', false, 'hpc_collection', -30, 0),
    ('EU', false, 'mnc_collection', 0, 7),
    ('EU', true, 'hpc_collection', -30, 0),
    ('EU', true, 'mnc_collection', 0, 7),
] -%}
{%- set union_countries -%}
(
            'AT', 'BE', 'BG', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GR', 'HR', 'HU', 'IE', 'IT', 'LT', 'LU', 'LV', 'MT', 'NL',
            'PL', 'PT', 'RO', 'SE', 'SI', 'SK'
        )
{%- endset %}

-- A donor's marker was tested, on days that are known, and on none that counts for this collection. A marker that nobody tells of is not
-- judged here, nor is a jurisdiction, use or procedure without a window.
with counting as (
    {%- for jurisdiction, is_autologous, procedure, earliest, latest in windows %}
    select
        '{{ jurisdiction }}' as jurisdiction_code,
        {{ is_autologous | lower }} as is_autologous,
        '{{ procedure }}' as procedure_type_code,
        {{ earliest }} as earliest_days,
        {{ latest }} as latest_days
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

collected as (
    select
        collection.*,
        case when site.country_code in {{ union_countries }} then 'EU' else site.country_code end as jurisdiction_code
    from {{ ref('collection') }} as collection
    inner join {{ ref('site') }} as site on collection.site_id = site.site_id
    where collection.donor_subject_id is not null and collection.started_date is not null
),

sampled as (
    select
        collected.collection_id,
        marker.measurement,
        counting.earliest_days,
        counting.latest_days,
        {{ days_between('collected.started_date', 'marker.occurred_date') }} as days_after
    from collected
    inner join counting
        on
            collected.jurisdiction_code = counting.jurisdiction_code
            and collected.is_autologous = counting.is_autologous
            and collected.procedure_type_code = counting.procedure_type_code
    inner join {{ ref('measurement') }} as marker on collected.donor_subject_id = marker.subject_id
    where
        marker.measurement in ('idm_hiv_ab_ag', 'idm_hbsag', 'idm_hcv_ab', 'idm_syphilis')
        and marker.occurred_date is not null
        and {{ stands('marker.status_code') }}
),

tested as (
    select
        collection_id,
        measurement,
        max(case when days_after between earliest_days and latest_days then 1 else 0 end) as is_inside
    from sampled
    group by collection_id, measurement
)

select
    'R22' as rule_id,
    'flag' as effect,
    'collection' as table_name,
    collected.collection_id as row_key,
    collected.journey_id,
    collected.donor_subject_id as subject_id,
    cast(null as {{ type_of('text') }}) as source_delivery,
    cast(null as {{ type_of('integer') }}) as source_row,
    tested.measurement as column_name,
    collected.component_id
from collected
inner join tested on collected.collection_id = tested.collection_id
where tested.is_inside = 0

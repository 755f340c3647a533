{%- for lot, component in [('lot', none), ('lot_cd8', 'cd8'), ('lot_cd4', 'cd4')] %}
select
    {{ fact_columns(lot) }},
    {{ lot }} as lot_token,
    batch as batch_token,
    coi as coi_token,
    {{ text_literal(component) }} as component_code,
    containers as container_count,
    expiry_date,
    source_object as parent_object,
    {{ unstated('dose_unit', [
        'lot_token', 'batch_token', 'coi_token', 'component_code', 'container_count', 'expiry_date', 'parent_object',
    ]) }}
from {{ ref('stg_qc_coa__certificate') }}
where {{ lot }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}

{{ config(materialized='view') }}

select
    {{ landed_columns('donor_registry__request__request') }},
    request,
    grid,
    crid,
    {{ mapped('landed.request_type', 'donor_request_type') }} as request_type_code,
    {{ mapped('landed.product_type', 'donor_product') }} as product_type_code,
    {{ mapped('landed.status', 'donor_request_status') }} as request_status_code,
    {{ mapped('landed.reason', 'donor_request_reason') }} as reason_code,
    {{ mapped('landed.donor_sex', 'sex') }} as donor_sex_code,
    donor_age as donor_age_years,
    {{ mapped('landed.donor_abo', 'abo') }} as donor_abo_code,
    {{ mapped('landed.donor_rh', 'rh') }} as donor_rh_code,
    {{ mapped('landed.donor_cmv', 'idm_result') }} as donor_cmv_code,
    centre as collection_centre,
    {%- for day in ['requested', 'typed', 'examined', 'cleared', 'planned', 'closed'] %}
    {{ day }}_date,
    {{ day }}_local,
    {{ day }}_precision,
    {%- endfor %}
    {{ landed_measurements(measurement_columns('donor_registry', 'request')) }}
from {{ source('donor_registry', 'request__request') }} as landed

{{ config(materialized='view') }}

select
    {{ landed_columns('wearable_csv__enrolment__enrolment') }},
    user_id,
    mrn,
    enrolled_on_date,
    enrolled_on_local,
    enrolled_on_precision
from {{ source('wearable_csv', 'enrolment__enrolment') }}

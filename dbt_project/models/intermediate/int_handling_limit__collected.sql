{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_deliveries() }}",
) }}

{{ union_feeds('handling_limit') }}

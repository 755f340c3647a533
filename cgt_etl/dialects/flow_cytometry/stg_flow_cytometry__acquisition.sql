{{ config(materialized='view') }}

select
    {{ landed_columns('flow_cytometry__acquisition__acquisition') }},
    version,
    event_count,
    parameter_count,
    data_type,
    sample,
    batch,
    cytometer,
    cytometer_serial,
    software,
    {{ landed_time('begun') }},
    {{ landed_time('ended') }},
    volume_nl,
    lost_event_count,
    aborted_event_count
from {{ source('flow_cytometry', 'acquisition__acquisition') }}

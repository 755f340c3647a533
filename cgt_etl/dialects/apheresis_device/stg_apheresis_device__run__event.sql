{%- set stated = ['is_anonymous', 'event_type', 'occurred', 'status', 'detail_code', 'din_token', 'from_party_id'] -%}

{%- for type, time in [('apheresis_started', 'started'), ('apheresis_completed', 'completed')] %}
select
    {{ fact_columns(type) }},
    false as is_anonymous,
    '{{ type }}' as event_type,
    {{ time_from_instant(time, 'occurred') }},
    'completed' as status,
    {{ nulls('text', ['detail_code']) }},
    din as din_token,
    party_id as from_party_id,
    {{ unstated('event', stated) }}
from {{ ref('stg_apheresis_device__run') }}
where {{ time }}_local is not null

union all
{% endfor %}
select
    -- a fact of the run, so that it is one of the run's collection; its name says the alarm's line
    run.source_delivery,
    run.source_row,
    run.source_item,
    run.source_object,
    'deviation_line_' || {{ text_of('alarm.source_item') }} as fact,
    run.party_id,
    run.site_id,
    run.sequence,
    run.record_key,
    false as is_anonymous,
    'deviation_opened' as event_type,
    {{ time_from_instant('raised', 'occurred', 'alarm') }},
    'completed' as status,
    alarm.alarm_code as detail_code,
    run.din as din_token,
    run.party_id as from_party_id,
    {{ unstated('event', stated) }}
from {{ ref('stg_apheresis_device__run__alarm') }} as alarm
inner join {{ ref('stg_apheresis_device__run') }} as run
    on alarm.source_delivery = run.source_delivery and alarm.source_row = run.source_row
where alarm.is_deviation

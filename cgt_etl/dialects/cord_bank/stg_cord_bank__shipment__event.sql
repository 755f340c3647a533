{%- set events = [('shipment_packed', 'packed'), ('shipment_dispatched', 'handed_over')] -%}

{%- for event_type, instant in events %}
select
    {{ fact_columns(event_type) }},
    false as is_anonymous,
    '{{ event_type }}' as event_type,
    {{ time_from_instant(instant, 'occurred') }},
    'completed' as status,
    din as din_token,
    sscc as sscc_token,
    awb as awb_token,
    logger as logger_token,
    party_id as from_party_id,
    centre_gln as to_gln,
    {{ unstated('event', [
        'is_anonymous', 'event_type', 'occurred', 'status', 'din_token', 'sscc_token', 'awb_token', 'logger_token', 'from_party_id',
        'to_gln',
    ]) }}
from {{ ref('stg_cord_bank__shipment') }}
where {{ instant }}_local is not null
{{ 'union all' if not loop.last }}
{%- endfor %}

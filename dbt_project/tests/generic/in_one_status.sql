{#
  Nothing that was given is lost from sight: each handoff is in exactly one status (received, open, lost, cancelled), which what is on record of
  its receiver bears out, and each container that was dispatched from one known site and received at another was given on by its carrier once. Gives handoffs and containers that break it.
#}
{% test in_one_status(model, shipment) %}
select
    handoff_id as row_key,
    status_code
from {{ model }}
where
    status_code is null
    or status_code not in ('received', 'open', 'lost', 'cancelled')
    or (status_code = 'received') <> (received_at_utc is not null or receiver_first_act_at_utc is not null)
    or (status_code = 'open') <> (open_h is not null)
union all
select
    shipment.shipment_id as row_key,
    cast(null as {{ type_text() }}) as status_code
from {{ shipment }} as shipment
left join {{ model }} as handoff
    on
        shipment.shipment_id = handoff.shipment_id
        and coalesce(handoff.handoff_code, '') not in ('H07', 'H13')
where
    shipment.sscc_id is not null
    and shipment.sent_at_utc is not null
    and shipment.from_site_id is not null
    and shipment.to_site_id is not null
group by shipment.shipment_id
having count(handoff.handoff_id) <> 1
{% endtest %}

-- One row per handoff of the partner of which the site is the partner's end: it left from there, or came there.
select handoff.*
from main.handoff as handoff
left join main.shipment as shipment on handoff.shipment_id = shipment.shipment_id
left join main.collection as collection on handoff.collection_id = collection.collection_id
left join main.administration as administration on handoff.administration_id = administration.administration_id
where
    (handoff.sender_party_id = $party and $site in (shipment.from_site_id, collection.site_id))
    or (handoff.receiver_party_id = $party and $site in (shipment.to_site_id, administration.site_id))

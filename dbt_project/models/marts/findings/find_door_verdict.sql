{{ config(materialized='ephemeral') }}

-- What the door decided, by place in the delivered file; it belongs to the delivery, whatever the record links to.
select
    verdict.rule_id,
    verdict.effect,
    delivery.dialect || '__' || verdict.feed || '__' || verdict.object as table_name,
    cast(null as {{ type_of('text') }}) as row_key,
    cast(null as {{ type_of('text') }}) as journey_id,
    cast(null as {{ type_of('text') }}) as subject_id,
    verdict.source_delivery,
    verdict.source_row,
    verdict.column_name,
    'delivery:' || verdict.source_delivery as component_id
from {{ source('landing', 'verdict') }} as verdict
inner join {{ source('control', 'delivery') }} as delivery on verdict.source_delivery = delivery.source_delivery

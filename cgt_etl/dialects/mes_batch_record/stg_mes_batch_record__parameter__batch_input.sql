select
    {{ fact_columns('din', 'donation') }},
    record.batch as batch_token,
    donation.din as din_token
from {{ ref('stg_mes_batch_record__parameter__din') }} as donation
inner join {{ ref('stg_mes_batch_record__parameter') }} as record
    on donation.source_delivery = record.source_delivery and donation.source_row = record.source_row
where donation.din is not null

{{ batch_record_batch('stg_mes_b2mml__record') }}
union all
{{ batch_record_batch('stg_mes_b2mml__record__parameter') }}

{{ batch_record_input('stg_mes_b2mml__record__material', 'stg_mes_b2mml__record') }}

{{ batch_record_therapy_order('stg_mes_b2mml__record') }}

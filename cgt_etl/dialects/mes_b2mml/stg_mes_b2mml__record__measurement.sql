{{ batch_record_measurement('stg_mes_b2mml__record__parameter') }}

{{ batch_record_process_point('stg_mes_b2mml__record__parameter') }}

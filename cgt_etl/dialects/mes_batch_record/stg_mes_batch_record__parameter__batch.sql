{{ batch_record_batch('stg_mes_batch_record__parameter') }}

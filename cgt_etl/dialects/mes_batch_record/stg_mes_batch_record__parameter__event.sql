{{ batch_record_event('stg_mes_batch_record__parameter') }}

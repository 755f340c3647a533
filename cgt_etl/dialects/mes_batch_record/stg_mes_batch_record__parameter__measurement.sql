{{ batch_record_measurement('stg_mes_batch_record__parameter') }}

{{ batch_record_process_point('stg_mes_batch_record__parameter') }}

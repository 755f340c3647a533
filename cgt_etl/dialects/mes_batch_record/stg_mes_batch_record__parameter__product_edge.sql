{{ batch_record_input('stg_mes_batch_record__parameter__din', 'stg_mes_batch_record__parameter') }}

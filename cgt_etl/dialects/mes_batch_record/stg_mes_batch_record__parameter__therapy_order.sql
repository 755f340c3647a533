{{ batch_record_therapy_order('stg_mes_batch_record__parameter') }}

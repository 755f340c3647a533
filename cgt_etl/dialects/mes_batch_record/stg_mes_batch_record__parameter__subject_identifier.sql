{{ batch_record_subject_identifier('stg_mes_batch_record__parameter') }}

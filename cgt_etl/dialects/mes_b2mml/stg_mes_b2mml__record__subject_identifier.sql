{{ batch_record_subject_identifier('stg_mes_b2mml__record') }}

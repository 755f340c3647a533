{{ batch_record_material_lot('stg_mes_batch_record__parameter', ['vector']) }}

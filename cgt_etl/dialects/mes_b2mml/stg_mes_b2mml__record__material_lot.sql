{{ batch_record_material_lot('stg_mes_b2mml__record', ['vector', 'media', 'cytokine', 'beads']) }}

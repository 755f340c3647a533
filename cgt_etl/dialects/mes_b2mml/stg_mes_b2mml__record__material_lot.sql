{{ batch_record_material_lot('stg_mes_b2mml__record', {
    'vector_lot': 'vector',
    'media_lot': 'media',
    'cytokine_lot': 'cytokine',
    'beads_lot': 'beads',
}) }}

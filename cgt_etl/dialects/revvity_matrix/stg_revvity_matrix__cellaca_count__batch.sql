{{ named_batches('revvity_matrix', 'cellaca_count') }}

{{ named_batches('revvity_matrix', 'matrix_count') }}

{{ named_batches('revvity_matrix', 'matrix_workbook') }}

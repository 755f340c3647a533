{{ named_batches('vi_cell_blu', 'cell_count') }}

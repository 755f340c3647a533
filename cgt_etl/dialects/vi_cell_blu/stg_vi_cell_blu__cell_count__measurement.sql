{{ instrument_measurement('vi_cell_blu', 'cell_count', 'analysed', batch='batch') }}

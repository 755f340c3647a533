{{ instrument_measurement('revvity_matrix', 'matrix_count', batch='batch') }}

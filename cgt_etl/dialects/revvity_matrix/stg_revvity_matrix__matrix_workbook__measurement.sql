{{ instrument_measurement('revvity_matrix', 'matrix_workbook', batch='batch') }}

{{ instrument_measurement('revvity_matrix', 'cellaca_count', 'analysed', batch='batch') }}

{{ instrument_measurement('revvity_matrix', 'cellaca_workbook', 'analysed', batch='batch') }}

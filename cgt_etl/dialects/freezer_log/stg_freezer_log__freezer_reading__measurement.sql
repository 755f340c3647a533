{{ instrument_measurement('freezer_log', 'freezer_reading', 'logged') }}

{{ instrument_measurement('ln2_tank_log', 'reading', 'logged') }}

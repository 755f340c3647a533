-- of the whole way, known when it ends
{{ instrument_measurement('courier_tms', 'shipment', 'delivered') }}

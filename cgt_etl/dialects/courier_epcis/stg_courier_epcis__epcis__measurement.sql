{{ epcis_measurement('courier_epcis') }}

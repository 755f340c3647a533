{{ epcis_event('courier_epcis') }}

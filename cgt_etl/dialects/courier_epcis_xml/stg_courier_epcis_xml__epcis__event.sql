{{ epcis_event('courier_epcis_xml') }}

{{ epcis_measurement('courier_epcis_xml') }}

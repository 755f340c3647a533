{{ epcis_product('courier_epcis_xml') }}

{{ epcis_product('courier_epcis') }}

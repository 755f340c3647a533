{{ epcis_product_edge('courier_epcis') }}

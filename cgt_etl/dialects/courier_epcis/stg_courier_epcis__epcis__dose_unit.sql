{{ epcis_dose_unit('courier_epcis') }}

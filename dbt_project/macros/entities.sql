{#
  The canonical entities: their columns and kinds, each once. Staging models give every column of the entity they feed
  (typed null where they have none); the collected models select them by name, so that a missing one fails at once.
#}

{# Columns that say where a fact comes from; (source_delivery, source_object, source_row, source_item, fact) is a fact's key. #}
{% macro source_columns_of() %}
    {{ return({
        'source_delivery': 'text',
        'source_row': 'integer',
        'source_item': 'integer',
        'source_object': 'text',
        'fact': 'text',
        'party_id': 'text',
        'site_id': 'text',
        'sequence': 'text',
        'record_key': 'text',
    }) }}
{% endmacro %}

{# The five columns of one time: the instant where it is known, what was said, its local date, how precise, and whose zone. #}
{% macro time_columns_of(name) %}
    {{ return({
        name ~ '_at_utc': 'instant',
        name ~ '_local': 'text',
        name ~ '_date': 'date',
        name ~ '_precision': 'text',
        name ~ '_zone_source': 'text',
    }) }}
{% endmacro %}

{# Every entity: its columns after the source columns, name -> kind. The kind `time` stands for the five columns of a time. #}
{% macro entities() %}
    {%- set person = {'subject_token': 'text', 'coi_token': 'text', 'subject_role': 'text', 'is_anonymous': 'boolean'} -%}
    {%- set declared = {
        'subject_fact': dict(
            person, birth_date='date', birth_precision='text', birth_year='integer', stated_age_years='number', sex_code='text',
            abo_code='text', rh_code='text', deceased='time', is_deceased='boolean'
        ),
        'subject_identifier': {
            'identifier_token': 'text', 'subject_role': 'text', 'valid_from': 'time', 'valid_to': 'time', 'link_type': 'text',
            'other_identifier_token': 'text',
        },
        'therapy_order': {
            'order_token': 'text', 'coi_token': 'text', 'recipient_token': 'text', 'product_name_code': 'text', 'status': 'text',
            'issued_date': 'date', 'cancelled_date': 'date',
        },
        'collection': {
            'din_token': 'text', 'donor_token': 'text', 'recipient_token': 'text', 'coi_token': 'text', 'order_token': 'text',
            'is_autologous': 'boolean', 'is_anonymous': 'boolean', 'collection_type_code': 'text', 'procedure_type_code': 'text',
            'device_model_code': 'text', 'started': 'time', 'ended': 'time', 'starting_material_state_code': 'text',
            'adverse_event_code': 'text',
        },
        'product': {
            'din_token': 'text', 'donor_token': 'text', 'recipient_token': 'text', 'coi_token': 'text', 'is_autologous': 'boolean',
            'product_code': 'text', 'product_description_code': 'text', 'collection_type_letter': 'text', 'code_division': 'text',
            'division': 'text', 'state_code': 'text', 'created': 'time', 'expiry_date': 'date',
        },
        'batch': {
            'batch_token': 'text', 'coi_token': 'text', 'recipient_token': 'text', 'product_name_code': 'text',
            'parent_batch_token': 'text', 'process_version': 'text', 'gene_agent_lot_token': 'text', 'ended': 'time', 'disposition_code': 'text',
        },
        'material_lot': {
            'batch_token': 'text', 'material_code': 'text', 'material_lot_token': 'text', 'expiry_date': 'date',
        },
        'product_edge': {
            'edge_type': 'text', 'parent_din_token': 'text', 'parent_product_description_code': 'text', 'parent_division': 'text',
            'child_din_token': 'text', 'child_product_description_code': 'text', 'child_division': 'text', 'child_batch_token': 'text',
            'volume_ml': 'number', 'cell_count_10_6': 'number', 'analyte': 'text', 'method': 'text',
        },
        'process_point': {
            'batch_token': 'text', 'unit_operation': 'text', 'parameter': 'text', 'denominator_code': 'text', 'culture_day': 'integer',
            'value': 'number', 'unit': 'text', 'equipment': 'text',
        },
        'dose_unit': {
            'lot_token': 'text', 'batch_token': 'text', 'coi_token': 'text', 'recipient_token': 'text', 'product_name_code': 'text',
            'component_code': 'text', 'container_count': 'integer', 'expiry_date': 'date', 'parent_object': 'text',
        },
        'administration': dict(
            person, batch_token='text', lot_token='text', order_token='text', product_name_code='text', status='text',
            started='time', ended='time', is_entire_volume_given='boolean', dose_value='number', dose_unit='text',
            dose_measurement='text', route_code='text'
        ),
        'measurement': dict(
            person, measurement='text', specimen='text', method='text', timepoint='text', replicate='integer', comparator='text',
            value_raw='text', unit_raw='text', value='number', unit='text', value_code='text', value_status='text', status='text',
            loinc_code='text', basis='text', occurred='time', recorded='time', din_token='text', product_description_code='text',
            division='text', batch_token='text', lot_token='text', sample_token='text'
        ),
        'event': dict(
            person, event_type='text', occurred='time', recorded='time', status='text', detail_code='text', din_token='text', division='text',
            order_token='text', batch_token='text', lot_token='text', sscc_token='text', awb_token='text', logger_token='text',
            from_party_id='text', to_party_id='text', from_gln='text', to_gln='text'
        ),
        'outcome': dict(
            person, outcome_type='text', scale_code='text', grade='integer', value_code='text', value='number', unit='text',
            value_status='text', onset='time', offset='time', assessed='time', days_from_administration='number',
            is_censored='boolean', batch_token='text'
        ),
        'diagnosis': dict(
            person, code='text', code_system='text', indication_code='text', clinical_status='text', verification_status='text',
            category_code='text', onset='time', abated='time', recorded='time'
        ),
        'wearable_minute': dict(
            person, device_token='text', minute='time', steps='integer', heart_rate_per_min='number', is_worn='boolean'
        ),
        'logger_reading': {
            'logger_token': 'text', 'probe': 'text', 'read': 'time', 'temperature_c': 'number', 'value_status': 'text', 'event_code': 'text',
        },
        'custody_record': {
            'sscc_token': 'text', 'packed': 'time', 'received': 'time', 'qualified_hold_h': 'number', 'lower_limit_c': 'number',
            'upper_limit_c': 'number', 'out_of_specification_min': 'number', 'lid_open_min': 'number', 'packed_seal_token': 'text',
            'picked_up_seal_token': 'text', 'received_seal_token': 'text', 'is_seal_whole_at_pickup': 'boolean',
            'is_seal_whole_at_receipt': 'boolean', 'has_packed_waybill': 'boolean', 'has_packed_custody_form': 'boolean',
            'has_packed_invoice': 'boolean', 'has_packed_xray_notice': 'boolean', 'has_picked_up_waybill': 'boolean',
            'has_picked_up_custody_form': 'boolean', 'has_picked_up_invoice': 'boolean', 'has_picked_up_xray_notice': 'boolean',
            'has_delivered_custody_form': 'boolean', 'has_delivered_proof_of_delivery': 'boolean',
            'has_delivered_logger_file': 'boolean', 'has_delivered_product_papers': 'boolean', 'has_received_custody_form': 'boolean',
            'has_received_proof_of_delivery': 'boolean', 'has_received_logger_file': 'boolean',
            'has_received_product_papers': 'boolean',
        },
        'clinical_act': dict(
            person, code='text', code_system='text', act_type='text', status='text', started='time', ended='time', recorded='time'
        ),
        'consent': dict(
            person, scope_code='text', purpose_code='text', version='text', jurisdiction_code='text', given='time', withdrawn='time'
        ),
        'handling_limit': {
            'product_name_code': 'text', 'version': 'text', 'jurisdiction_code': 'text', 'hold_warning_h': 'number', 'hold_limit_h': 'number',
            'thaw_window_min': 'number', 'storage_lower_c': 'number', 'storage_upper_c': 'number',
        },
        'specification_limit': {
            'attribute': 'text', 'product_name_code': 'text', 'version': 'text', 'jurisdiction_code': 'text', 'lower_limit': 'number',
            'upper_limit': 'number', 'is_inclusive': 'boolean', 'limit_code': 'text', 'unit': 'text', 'verdict_code': 'text',
            'batch_token': 'text',
        },
    } -%}
    {{ return(declared) }}
{% endmacro %}

{# The declaration of one entity; an unknown name is refused. #}
{% macro entity_declaration(entity) %}
    {%- if entity not in entities() -%}
        {{ exceptions.raise_compiler_error("unknown entity `" ~ entity ~ "`; known: " ~ entities().keys() | join(', ')) }}
    {%- endif -%}
    {{ return(entities()[entity]) }}
{% endmacro %}

{# All columns of an entity, source columns first, times spelled out: name -> kind. #}
{% macro entity_columns(entity) %}
    {%- set columns = source_columns_of() -%}
    {%- for name, kind in entity_declaration(entity).items() -%}
        {%- do columns.update(time_columns_of(name) if kind == 'time' else {name: kind}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}

"""Columns of the released tables that are made straight from journeys: names and types as the contracts in dbt_project say.

Only shapes. `tests/simulator/test_tables.py` holds them equal to the contracts; the component, which no release has, is left out.
"""

from __future__ import annotations

import pyarrow as pa

TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
"""Word of the contracts -> Arrow; instants are in UTC."""

_COLUMNS = {
    "subject": """
        subject_id role_code birth_year:bigint sex_code treatment_consent_code research_consent_code is_contested:boolean
    """,
    "therapy_order": """
        therapy_order_id order_id coi_id subject_id product_name_code sponsor_party_id issued_date:date cancelled_date:date
        status_code
    """,
    "journey": """
        journey_id subject_id therapy_order_id modality_code indication_code product_name_code line_of_therapy:bigint status_code
        attempt_count:bigint collection_count:bigint infusion_count:bigint first_collection_date:date last_collection_date:date
        first_infusion_date:date vein_to_vein_first_days:bigint vein_to_vein_last_days:bigint age_years:bigint is_contested:boolean
    """,
    "event": """
        event_id event_type subject_id therapy_order_id collection_id product_id batch_id administration_id dose_unit_id shipment_id
        from_party_id to_party_id site_id occurred_at_utc:timestamp occurred_local occurred_date:date occurred_precision
        occurred_zone_source recorded_at_utc:timestamp age_years:bigint detail_code status_code supersedes_event_id
        source_delivery source_row:bigint
    """,
    "collection": """
        collection_id din_id donor_subject_id recipient_subject_id therapy_order_id journey_id is_autologous:boolean
        collection_type_code site_id procedure_type_code device_model_code started_at_utc:timestamp started_local started_date:date
        started_precision started_zone_source ended_at_utc:timestamp ended_local ended_date:date ended_precision
        ended_zone_source total_blood_volume_ml:double
        inlet_volume_ml:double anticoagulant_ml:double whole_blood_processed_ml:double reported_whole_blood_processed_ml:double
        run_time_min:double product_volume_ml:double cd3_yield_10_9:double cd34_yield_10_6:double tnc_yield_10_9:double
        pre_cd3_per_ul:double post_cd3_per_ul:double ce1_percent:double ce2_percent:double reported_ce2_percent:double
        pre_cd34_per_ul:double ce2_cd34_percent:double hold_before_freezing_h:double donor_plt_before_10_9_per_l:double
        donor_plt_after_10_9_per_l:double donor_hgb_before_g_per_dl:double donor_hgb_after_g_per_dl:double donation_no:bigint
        is_cryopreserved:boolean adverse_event_code
    """,
    "product": """
        product_id din_id product_description_code collection_type_letter division collection_id state_code volume_ml:double
        created_date:date expiry_date:date is_division_contradicted:boolean
    """,
    "product_edge": """
        parent_table parent_key child_table child_key edge_type volume_ml:double cell_count_10_6:double analyte method
    """,
    "batch": """
        batch_id therapy_order_id recipient_subject_id parent_batch_id product_name_code process_version gene_agent_lot_id
        started_date:date ended_date:date culture_days:bigint seeded_cells_10_6:double harvested_cells_10_6:double
        expansion_fold:double population_doublings:double disposition_code
    """,
    "dose_unit": """
        dose_unit_id lot_id container_no container_count:bigint batch_id recipient_subject_id product_name_code component_code
        expiry_date:date planned_cells_10_6:double planned_car_positive_cells_10_6:double disposition_code
    """,
    "administration": """
        administration_id subject_id therapy_order_id journey_id product_name_code site_id started_at_utc:timestamp started_local
        started_date:date started_precision started_zone_source ended_at_utc:timestamp ended_local ended_date:date ended_precision
        ended_zone_source has_entire_volume:boolean cells_given_10_6:double dose_per_kg_10_6:double recipient_weight_kg:double
        weight_basis_code started_local_hour:double pathway_code
    """,
    "shipment": """
        shipment_id sscc_id awb_id from_site_id to_site_id sent_at_utc:timestamp received_at_utc:timestamp
        transit_h:double qualified_until_at_utc:timestamp out_of_specification_min:double
        stated_out_of_specification_min:double read_out_of_specification_min:double
        read_out_of_specification_most_min:double lid_open_min:double lid_opening_count:bigint gap_min:double
        source_delivery source_row:bigint
    """,
    "measurement": """
        measurement_id measurement subject_id therapy_order_id collection_id product_id batch_id administration_id dose_unit_id
        shipment_id site_id specimen_code method timepoint_code replicate_no:bigint occurred_at_utc:timestamp occurred_local
        occurred_date:date occurred_precision occurred_zone_source value:double comparator value_code unit raw_value raw_unit
        denominator_code lower_limit:double upper_limit:double loinc_code status_code superseded_by_measurement_id value_status
        specification_id verdict_code recomputed_verdict_code source_delivery source_row:bigint
    """,
    "outcome": """
        outcome_id outcome_type basis_code subject_id journey_id administration_id batch_id site_id scale_code grade:bigint
        is_lower_bound:boolean value_code value:double unit onset_date:date offset_date:date assessed_date:date
        day_from_infusion:bigint time_to_event_days:bigint is_censored:boolean is_never:boolean value_status
        source_delivery source_row:bigint
    """,
}
"""Table -> its columns in order, each a string where no type stands behind it."""

SCHEMAS: dict[str, pa.Schema] = {
    table: pa.schema([(name, TYPES[kind or "string"]) for name, _, kind in (column.partition(":") for column in columns.split())])
    for table, columns in _COLUMNS.items()
}

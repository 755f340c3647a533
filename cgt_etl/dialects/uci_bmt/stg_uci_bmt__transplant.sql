{{ config(materialized='view') }}

select
    {{ landed_columns('uci_bmt__transplant__transplant') }},
    -- donor
    donor_age as donor_age_years,
    donor_age_below_35 as is_donor_below_35,
    {{ mapped('landed.donor_abo', 'abo') }} as donor_abo_code,
    {{ mapped('landed.donor_cmv', 'cmv_serostatus') }} as donor_cmv_code,
    donor_cmv__status as donor_cmv_status,
    -- recipient
    recipient_age as recipient_age_years,
    recipient_age_below_10 as is_recipient_below_10,
    {{ mapped('landed.recipient_age_int', 'age_band_uci') }} as recipient_age_band_code,
    {{ mapped('landed.recipient_gender', 'sex') }} as recipient_sex_code,
    {{ mapped('landed.recipient_abo', 'abo') }} as recipient_abo_code,
    {{ mapped('landed.recipient_rh', 'rh') }} as recipient_rh_code,
    {{ mapped('landed.recipient_cmv', 'cmv_serostatus') }} as recipient_cmv_code,
    recipient_cmv__status as recipient_cmv_status,
    -- disease
    {{ mapped('landed.disease', 'disease_uci') }} as disease_code,
    {{ mapped('landed.disease_group', 'disease_group') }} as disease_group_code,
    {{ mapped('landed.risk_group', 'risk_group') }} as risk_group_code,
    tx_post_relapse as is_after_relapse,
    -- how donor and recipient match
    {{ mapped('landed.gender_match', 'gender_match') }} as gender_match_code,
    {{ mapped('landed.abo_match', 'match') }} as abo_match_code,
    cmv_status as cmv_compatibility,
    {{ mapped('landed.hla_match', 'hla_match') }} as hla_match_code,
    {{ mapped('landed.hla_mismatch', 'match') }} as hla_mismatch_code,
    antigen as hla_antigen_differences,
    allel as hla_allele_differences,
    {{ mapped('landed.hla_group_1', 'hla_difference') }} as hla_difference_code,
    -- graft
    {{ mapped('landed.stem_cell_source', 'stem_cell_source') }} as stem_cell_source_code,
    cd3_x1e8_per_kg,
    cd3_to_cd34_ratio,
    -- course, in days from transplantation
    acute_gvhd_ii_iii_iv as has_acute_gvhd_2_to_4,
    acute_gvhd_ii_iii_iv__status as acute_gvhd_2_to_4_status,
    acute_gvhd_iii_iv as has_acute_gvhd_3_to_4,
    acute_gvhd_iii_iv__status as acute_gvhd_3_to_4_status,
    time_to_acute_gvhd_iii_iv as acute_gvhd_3_to_4_day,
    time_to_acute_gvhd_iii_iv__status as acute_gvhd_3_to_4_day_status,
    extensive_chronic_gvhd as has_extensive_chronic_gvhd,
    extensive_chronic_gvhd__status as extensive_chronic_gvhd_status,
    relapse as has_relapse,
    relapse__status as relapse_status,
    {{ mapped('landed.survival_status', 'survival_status_uci') }} as survival_code,
    survival_status__status as survival_code_status,
    -- measurements, as stated
    {{ landed_measurements(measurement_columns('uci_bmt', 'transplant')) }}
from {{ source('uci_bmt', 'transplant__transplant') }} as landed

{{ config(pre_hook=[
    "{{ delete_touched() }}",
    "{{ delete_network_wide(['R17', 'R23', 'R24', 'R26', 'R36', 'R40', 'R60', 'R62', 'R63', 'R64', 'R65', 'R66', 'R67']) }}",
]) }}

{%- set finds = [
    'find_door_verdict',
    'find_identity_conflict',
    'find_r06_collection_of_two_patients',
    'find_r07_bag_key_not_its_own',
    'find_r08_frozen_under_fresh_code',
    'find_r11_more_volume_than_the_parent',
    'find_r12_cells_made_or_lost',
    'find_r13_dose_unit_without_collection',
    'find_r14_batch_without_input',
    'find_r15_infused_without_pathway',
    'find_r16_given_after_expiry',
    'find_r17_given_after_thaw_window',
    'find_r20_consent_after_the_act',
    'find_r20_steps_out_of_order',
    'find_r21_conditioned_before_receipt',
    'find_r22_markers_outside_their_window',
    'find_r23_fresh_hold',
    'find_r24_recorded_before_occurred',
    'find_r26_open_too_long',
    'find_r31_phenotypes_not_a_whole',
    'find_r32_doublings_against_fold',
    'find_r33_collection_efficiency',
    'find_r35_fold_against_harvest',
    'find_r36_dose_against_weight',
    'find_r37_parts_exceed_white_cells',
    'find_r38_cd4_and_cd8_exceed_cd3',
    'find_r40_certificate_without_result',
    'find_r41_released_before_final_sterility',
    'find_r43_icans_below_its_score',
    'find_r44_crs_without_fever',
    'find_r45_act_after_death',
    'find_r46_crs_onset',
    'find_r60_outside_its_limits',
    'find_r61_logger_sentinel',
    'find_r62_past_its_qualified_hold',
    'find_r63_counts_differ',
    'find_r64_seals_differ',
    'find_r65_identities_differ',
    'find_r66_papers_missing',
    'find_r67_times_impossible',
    'find_d11_code_class_against_procedure',
    'find_d12_division_contradicted',
] -%}
{#- Judged by what the whole network delivered, and so anew every night. -#}
{%- set network_wide = [
    'find_r17_given_after_thaw_window', 'find_r23_fresh_hold', 'find_r24_recorded_before_occurred', 'find_r26_open_too_long',
    'find_r36_dose_against_weight', 'find_r40_certificate_without_result', 'find_r60_outside_its_limits',
    'find_r62_past_its_qualified_hold', 'find_r63_counts_differ', 'find_r64_seals_differ', 'find_r65_identities_differ',
    'find_r66_papers_missing', 'find_r67_times_impossible',
] -%}

with found as (
    {%- for find in finds %}
    select
        {{ finding_columns() | join(',\n        ') }}
    from {{ ref(find) }}
    {% if find not in network_wide -%} where {{ only_touched() }} {%- endif %}
    {{ 'union' if not loop.last }}
    {%- endfor %}
)

select
    {{ surrogate_key(['rule_id', 'effect', 'table_name', 'row_key', 'journey_id', 'source_delivery', 'source_row', 'column_name']) }}
        as finding_id,
    rule_id,
    effect,
    table_name,
    row_key,
    journey_id,
    subject_id,
    source_delivery,
    source_row,
    column_name,
    component_id
from found

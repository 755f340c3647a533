{#
  What features are made with. A feature reads the facts that `int_journey__known` lets through and nothing else; the one gate is
  `is_known_by`. A macro here takes a row of that model, already known by the decision.
#}

{# Measurements that features are made of, by whom or what they describe: name of the measurement -> column. #}
{% macro feature_measurements(of) -%}
    {%- set declared = {
        'recipient': {
            'pb_cd3_abs': 'pre_cd3_per_ul', 'pb_cd4_abs': 'pre_cd4_per_ul', 'pb_cd8_abs': 'pre_cd8_per_ul',
            'pb_cd34_abs': 'pre_cd34_per_ul', 'pb_alc': 'pre_alc_10_9_per_l', 'pb_anc': 'pre_anc_10_9_per_l',
            'pb_wbc': 'pre_wbc_10_9_per_l', 'pb_hgb': 'pre_hgb_g_per_dl', 'pb_plt': 'pre_plt_10_9_per_l',
            'ldh': 'pre_ldh_u_per_l', 'crp': 'pre_crp_mg_per_l', 'ferritin': 'pre_ferritin_ng_per_ml',
            'creatinine': 'pre_creatinine_mg_per_dl', 'body_weight': 'weight_kg', 'body_height': 'height_cm',
        },
        'batch': {
            'moi': 'moi_tu_per_cell', 'selection_purity': 'selection_purity_percent', 'post_thaw_viability': 'post_thaw_viability_percent',
            'fold_expansion': 'expansion_fold', 'population_doublings': 'population_doublings',
            'transduction_eff': 'transduction_percent', 'vcn': 'vcn_copies_per_cell', 'dp_viability': 'dp_viability_percent',
            'dp_cd3_purity': 'dp_cd3_purity_percent', 'dp_car_pos_viable_total': 'dp_car_positive_10_6',
            'harvest_total_viable': 'harvest_viable_10_9',
        },
        'collection': {
            'whole_blood_processed': 'reported_whole_blood_processed_ml', 'inlet_volume': 'inlet_volume_ml', 'ac_volume': 'anticoagulant_ml',
            'product_cd3_total': 'cd3_collected_10_9', 'product_cd34_total': 'cd34_collected_10_6', 'product_tnc': 'tnc_collected_10_9',
        },
    } -%}
    {{ return(declared[of]) }}
{%- endmacro %}

{# Names of all of them, as a list of SQL texts. #}
{% macro feature_measurement_names() -%}
    {%- set names = [] -%}
    {%- for of in ['recipient', 'batch', 'collection'] -%}
        {%- for name in feature_measurements(of) -%} {%- do names.append("'" ~ name ~ "'") -%} {%- endfor -%}
    {%- endfor -%}
    {{ names | join(', ') }}
{%- endmacro %}

{#
  True where a fact is not known later than a decision: its known-by time, the later of when it was so and when it was recorded, by instants
  where both have one, else by local dates, the whole day of the decision counting as before it. A figure of a whole day is known when the day
  is over; what a person is from birth (`is_lifelong`) is known always; what has no time is never known.
#}
{% macro is_known_by(fact, decision) -%}
    case
        when {{ fact }}.is_lifelong then true
        when {{ fact }}.is_of_whole_day then coalesce({{ fact }}.known_date < {{ decision }}.decision_date, false)
        when {{ fact }}.known_at_utc is not null and {{ decision }}.decision_at_utc is not null
            then {{ fact }}.known_at_utc <= {{ decision }}.decision_at_utc
        else coalesce({{ fact }}.known_date <= {{ decision }}.decision_date, false)
    end
{%- endmacro %}

{# Two columns of a known-by time: the later of the times `occurred` and `recorded` (either may be unknown), as instant and date. #}
{% macro known_time() -%}
    case
        when recorded_date is null or occurred_date > recorded_date then occurred_at_utc
        when occurred_date is null or recorded_date > occurred_date then recorded_at_utc
        when recorded_at_utc > occurred_at_utc then recorded_at_utc
        else coalesce(occurred_at_utc, recorded_at_utc)
    end as known_at_utc,
    case
        when recorded_date > occurred_date then recorded_date
        else coalesce(occurred_date, recorded_date)
    end as known_date
{%- endmacro %}

{# Aggregate: the latest known fact of a name about `of` (recipient, donor, batch, journey): its `part`. Post-collection counts left out. #}
{% macro latest(name, of, part='value') -%}
    max(case when name = '{{ name }}' and of_code = '{{ of }}' and rank_no = 1 and not is_post then {{ part }} end)
{%- endmacro %}

{# Aggregate: how many facts of these names are known, each event once. #}
{% macro known_count(names) -%}
    count(distinct case when name in ('{{ names | join("', '") }}') then source_key end)
{%- endmacro %}

{# Whether a known event is of starting material that was frozen: a drug product is frozen, too. #}
{% macro is_of_frozen_material() -%}
    (name = 'starting_material_thawed' or (name = 'cryopreservation_completed' and of_code = 'collection'))
{%- endmacro %}

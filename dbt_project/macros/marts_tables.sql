{#
  What marts are written with: the choice among several statements of one fact, ages and keys of journeys.
#}

{# Order of statements by how precisely they know the time: second, minute, day, month, year, unknown. #}
{% macro precision_rank(precision) -%}
    case {{ precision }} when 'second' then 1 when 'minute' then 2 when 'day' then 3 when 'month' then 4 when 'year' then 5 else 6 end
{%- endmacro %}

{# Aggregate: the value of the first statement, by `rank`, that has one. #}
{% macro first_said(value, rank='rank_no') -%}
    min_by({{ value }}, case when {{ value }} is not null then {{ rank }} end)
{%- endmacro %}

{# Aggregate: the value that all statements agree on; null where two differ or none has one. #}
{% macro agreed(value) -%}
    case when count(distinct {{ value }}) = 1 then min({{ value }}) end
{%- endmacro %}

{# Aggregate over a boolean: true where any is true, null where all are null. #}
{% macro any_true(condition) -%}
    (max(case when {{ condition }} then 1 when not ({{ condition }}) then 0 end) = 1)
{%- endmacro %}

{# Aggregate over a boolean: true where all that are known are true, null where all are null. #}
{% macro all_true(condition) -%}
    (min(case when {{ condition }} then 1 when not ({{ condition }}) then 0 end) = 1)
{%- endmacro %}

{# A record that its sender has taken back, or that says that something was not done, or was only planned, is no fact of a journey. #}
{% macro stands(status) -%}
    coalesce({{ status }}, '') not in (
        'entered_in_error', 'not_done', 'cancelled', 'refuted', 'planned', 'preparation', 'draft'
    )
{%- endmacro %}

{# Whole years from a full birth date to a date. #}
{% macro whole_years(birth_date, on_date) -%}
    cast(
        extract(year from {{ on_date }}) - extract(year from {{ birth_date }})
        - case
            when extract(month from {{ on_date }}) * 100 + extract(day from {{ on_date }})
                < extract(month from {{ birth_date }}) * 100 + extract(day from {{ birth_date }})
                then 1
            else 0
        end as bigint
    )
{%- endmacro %}

{# Key of a therapy order: by its chain-of-identity id, else the order's only one (`named_coi`), else its order number; null without any. #}
{% macro therapy_order_key(coi, order=none, named_coi=none) -%}
    {%- set known = [coi, named_coi, order] | select | join(', ') -%}
    {%- set known = 'coalesce(' ~ known ~ ')' if order else known -%}
    case when {{ known }} is not null then {{ surrogate_key(["'therapy_order'", known]) }} end
{%- endmacro %}

{# Key of a specification's row: attribute, product (the record's own, else that of the batch), version, jurisdiction. #}
{% macro specification_key(limits, batch) -%}
    {{ surrogate_key([
        "'specification'", limits ~ '.attribute', 'coalesce(' ~ limits ~ '.product_name_code, ' ~ batch ~ '.product_name_code)',
        limits ~ '.version', limits ~ '.jurisdiction_code',
    ]) }}
{%- endmacro %}

{# The five released columns of one time, renamed from `said` to `name`; `relation` qualifies them. #}
{% macro time_of(name, said=none, relation='') -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    {%- set said = said or name -%}
    {%- for part in ['at_utc', 'local', 'date', 'precision', 'zone_source'] %}
    {{ of }}{{ said }}_{{ part }} as {{ name }}_{{ part }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The same as aggregates over statements: the time of the statement whose `rank` is 1, never parts of two statements. #}
{% macro time_first_said(name, rank='rank_no') -%}
    {%- for part in ['at_utc', 'local', 'date', 'precision', 'zone_source'] %}
    max(case when {{ rank }} = 1 then {{ name }}_{{ part }} end) as {{ name }}_{{ part }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# One column of a finding's place in the release: which table and key. Columns of every `find_` model, in one order. #}
{% macro finding_columns() -%}
    {{ return([
        'rule_id', 'effect', 'table_name', 'row_key', 'journey_id', 'subject_id', 'source_delivery', 'source_row', 'column_name', 'component_id',
    ]) }}
{%- endmacro %}

{# Aggregate: exact sum; null where one row has none, so that a sum never passes for whole when it is not. #}
{% macro complete_sum(expression) -%}
    case when count({{ expression }}) = count(*) then cast(sum({{ as_decimal(expression) }}) as {{ type_of('number') }}) end
{%- endmacro %}

{# Findings of handoffs that show in `column`; a `where` follows. No record is named, since it is two sides that do not agree. #}
{% macro handoff_finding(rule, column) -%}
    select
        '{{ rule }}' as rule_id,
        'flag' as effect,
        'handoff' as table_name,
        handoff.handoff_id as row_key,
        handoff.journey_id,
        journey.subject_id,
        cast(null as {{ type_of('text') }}) as source_delivery,
        cast(null as {{ type_of('integer') }}) as source_row,
        '{{ column }}' as column_name,
        handoff.component_id
    from {{ ref('handoff') }} as handoff
    left join {{ ref('journey') }} as journey on handoff.journey_id = journey.journey_id
{%- endmacro %}

{# By how many seconds a partner's clock may differ from the others', of partners of whom it can be estimated: party_id, allowed_s. #}
{% macro clock_allowances() -%}
    select
        party_id,
        max(case when abs(skew_low_s) > abs(skew_high_s) then abs(skew_low_s) else abs(skew_high_s) end) as allowed_s
    from {{ ref('clock_skew') }}
    where status_code = 'estimated'
    group by party_id
{%- endmacro %}

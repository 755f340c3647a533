{#
  From partner tokens to release ids. A resolved model keeps the versions that stand, names persons and things by ids that no partner
  can compute, and gives each row an id that redeliveries do not change.
#}

{#
  The collected facts of `entity` whose record stands: all its columns, component_id, and record_id (release-safe name of the record: md5
  over object, partner and keyed business key; stable over deliveries and versions).
#}
{% macro standing_facts(entity) -%}
    select
        {%- for name in entity_columns(entity) %}
        collected.{{ name }},
        {%- endfor %}
        standing.component_id,
        {{ surrogate_key(["'record'", 'collected.source_object', 'collected.party_id', 'collected.record_key']) }} as record_id
    from {{ ref('int_' ~ entity ~ '__collected') }} as collected
    inner join {{ source('identity', 'record') }} as standing
        on
            collected.source_delivery = standing.source_delivery
            and collected.source_object = standing.object
            and collected.source_row = standing.source_row
            and collected.source_item = standing.source_item
    where standing.is_current
{%- endmacro %}

{# Left joins of identity.identifier, one per token column `<thing>_token`, each under the name `by_<thing>`. #}
{% macro join_identifiers(relation, tokens) -%}
    {%- for token in tokens %}
    left join {{ source('identity', 'identifier') }} as by_{{ token }}
        on {{ relation }}.{{ token }}_token = by_{{ token }}.partner_token
    {%- endfor -%}
{%- endmacro %}

{# First columns of every resolved model: statement id, where the fact comes from, component, contested. #}
{% macro resolved_columns(entity, relation='fact', persons=['subject', 'coi']) -%}
    {{ surrogate_key(["'" ~ entity ~ "'", relation ~ '.record_id', relation ~ '.fact']) }} as {{ entity }}_statement_id,
    {{ relation }}.source_delivery,
    {{ relation }}.source_row,
    {{ relation }}.source_item,
    {{ relation }}.source_object,
    {{ relation }}.fact,
    {{ relation }}.party_id,
    {{ relation }}.site_id,
    {{ relation }}.sequence,
    {{ relation }}.component_id,
    {% if persons -%}
    ({% for person in persons %}coalesce(by_{{ person }}.is_contested, false){{ ' or ' if not loop.last }}{% endfor %}) as is_contested
    {%- else -%}
    false as is_contested
    {%- endif %}
{%- endmacro %}

{#
  The person a fact is about: by the person's own token, else by the chain-of-identity id, else, where the record is about a person without any
  identifier, a subject of the record's own; null where nobody is named.
#}
{% macro subject_id(relation='fact') -%}
    coalesce(
        by_subject.subject_id,
        by_coi.subject_id,
        case when {{ relation }}.is_anonymous then {{ anonymous_subject_id(relation, relation ~ '.subject_role') }} end
    )
{%- endmacro %}

{# Id of the unnamed person of a record, per role; the same in every entity that the record feeds. #}
{% macro anonymous_subject_id(relation, role) -%} {{ surrogate_key(["'subject'", relation ~ '.record_id', role]) }} {%- endmacro %}

{# Join condition: two facts of the same record. #}
{% macro same_record(a, b) -%}
    {{ a }}.source_delivery = {{ b }}.source_delivery
    and {{ a }}.source_object = {{ b }}.source_object
    and {{ a }}.source_row = {{ b }}.source_row
    and {{ a }}.source_item = {{ b }}.source_item
{%- endmacro %}

{# Own columns of an entity that are neither source columns nor tokens, qualified by `relation`. #}
{% macro own_columns(entity, relation='fact') -%}
    {%- set own = [] -%}
    {%- for name in entity_columns(entity) if name not in source_columns_of() and not name.endswith('_token') -%}
        {%- do own.append(relation ~ '.' ~ name) -%}
    {%- endfor -%}
    {{ own | join(',\n    ') }}
{%- endmacro %}

{# Id of a bag: donation, product description code and division; `00` where no division is said. Case of the division counts. #}
{% macro product_key(din_id, product_description_code, division) -%}
    {{ surrogate_key(["'product'", din_id, product_description_code, 'coalesce(' ~ division ~ ", '00')"]) }}
{%- endmacro %}

{# Product description codes of mobilised haematopoietic progenitor cells, fresh and frozen: unmobilised collections give none. #}
{% macro mobilised_codes() -%} ('S1128', 'S1194', 'S1195', 'S1310') {%- endmacro %}

{# Predicate: the text `whole` begins with the text `part`; on ISO dates, a day lies in a month or year. #}
{% macro begins_with(whole, part) -%} substring({{ whole }}, 1, length({{ part }})) = {{ part }} {%- endmacro %}

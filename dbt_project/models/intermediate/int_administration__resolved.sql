{{ config(materialized='table') }}

with fact as (
    {{ standing_facts('administration') }}
),

named as (
    select
        {{ resolved_columns('administration') }},
        fact.record_id,
        {{ subject_id() }} as subject_id,
        by_coi.release_token as coi_id,
        by_batch.release_token as batch_id,
        by_lot.release_token as lot_id,
        by_order.release_token as order_id,
        fact.status in ('completed', 'in_progress', 'stopped') as is_given,
        {{ own_columns('administration') }}
    from fact
    {{ join_identifiers('fact', ['subject', 'coi', 'batch', 'lot', 'order']) }}
),

known_day as (
    select distinct
        subject_id,
        started_date
    from named
    where is_given and subject_id is not null and started_date is not null
),

-- a statement of a month or a year alone speaks of the one infusion that the person had in it
only_day as (
    select
        named.administration_statement_id,
        min(known_day.started_date) as started_date
    from named
    inner join known_day
        on
            named.subject_id = known_day.subject_id
            and {{ begins_with(text_of('known_day.started_date'), 'named.started_local') }}
    where named.is_given and named.started_precision in ('month', 'year')
    group by named.administration_statement_id
    having count(*) = 1
),

-- two products on one day are two infusions; a statement that names none speaks of the only one that others name on that day
only_product as (
    select
        subject_id,
        started_date,
        min(product_name_code) as product_name_code
    from named
    where is_given and subject_id is not null and started_date is not null and product_name_code is not null
    group by subject_id, started_date
    having count(distinct product_name_code) = 1
)

select
    named.administration_statement_id,
    named.source_delivery,
    named.source_row,
    named.source_item,
    named.source_object,
    named.fact,
    named.party_id,
    named.site_id,
    named.sequence,
    named.component_id,
    named.is_contested,
    case
        when named.is_given and named.subject_id is not null and coalesce(named.started_date, only_day.started_date) is not null
            then {{ surrogate_key([
                "'administration'", 'named.subject_id', 'coalesce(named.started_date, only_day.started_date)',
                'coalesce(named.product_name_code, only_product.product_name_code)',
            ]) }}
        else {{ surrogate_key(["'administration_of_record'", 'named.record_id']) }}
    end as administration_id,
    named.subject_id,
    named.coi_id,
    named.batch_id,
    named.lot_id,
    named.order_id,
    named.is_given,
    {{ own_columns('administration', 'named') }}
from named
left join only_day on named.administration_statement_id = only_day.administration_statement_id
left join only_product
    on
        named.subject_id = only_product.subject_id
        and coalesce(named.started_date, only_day.started_date) = only_product.started_date

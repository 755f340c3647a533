{{ config(materialized='ephemeral') }}

-- A certificate reports, in numbers or in words, each attribute that its specification version has: those it limits itself, and those that
-- most certificates of the product and version do. Each certificate is asked by itself, an interim one too; what it says is pending may be.
-- Judged by the whole network: which attributes a version has, any night may change.
with stated as (
    select
        limits.source_delivery,
        limits.source_row,
        limits.batch_id,
        limits.attribute,
        coalesce(limits.verdict_code, '') = 'pending' as is_pending,
        coalesce(limits.product_name_code, batch.product_name_code) as product_name_code,
        limits.version,
        batch.recipient_subject_id,
        batch.therapy_order_id,
        limits.component_id
    from {{ ref('int_specification_limit__resolved') }} as limits
    inner join {{ ref('batch') }} as batch on limits.batch_id = batch.batch_id
),

certificate as (
    select
        source_delivery,
        source_row,
        batch_id,
        product_name_code,
        version,
        recipient_subject_id,
        therapy_order_id,
        min(component_id) as component_id
    from stated
    group by source_delivery, source_row, batch_id, product_name_code, version, recipient_subject_id, therapy_order_id
),

issued as (
    select
        product_name_code,
        version,
        count(*) as certificate_count
    from certificate
    group by product_name_code, version
),

usual as (
    select
        stated.product_name_code,
        stated.version,
        stated.attribute
    from stated
    inner join issued on stated.product_name_code = issued.product_name_code and stated.version = issued.version
    group by stated.product_name_code, stated.version, stated.attribute, issued.certificate_count
    having count(distinct stated.source_delivery || '|' || {{ text_of('stated.source_row') }}) * 2 > issued.certificate_count
),

asked as (
    select
        certificate.source_delivery,
        certificate.source_row,
        usual.attribute
    from certificate
    inner join usual on certificate.product_name_code = usual.product_name_code and certificate.version = usual.version
    union
    select
        source_delivery,
        source_row,
        attribute
    from stated
),

answered as (
    select
        source_delivery,
        source_row,
        measurement as attribute
    from {{ ref('int_measurement__resolved') }}
    where batch_id is not null and timepoint = 'release' and (value is not null or value_status <> 'nd')
    union
    select
        source_delivery,
        source_row,
        attribute
    from stated
    where is_pending
)

select
    'R40' as rule_id,
    'flag' as effect,
    'batch' as table_name,
    certificate.batch_id as row_key,
    named.journey_id,
    certificate.recipient_subject_id as subject_id,
    certificate.source_delivery,
    certificate.source_row,
    asked.attribute as column_name,
    certificate.component_id
from asked
inner join certificate on asked.source_delivery = certificate.source_delivery and asked.source_row = certificate.source_row
left join answered
    on
        asked.source_delivery = answered.source_delivery
        and asked.source_row = answered.source_row
        and asked.attribute = answered.attribute
left join {{ ref('int_order__journey') }} as named on certificate.therapy_order_id = named.therapy_order_id
where answered.source_delivery is null

-- How often each rule found something: one row per rule, effect and released table; for rules of the door, which name no row of a
-- table, per rule, effect and feed (`<dialect>.<feed>`). `units` is what it could have found something in: rows of the table;
-- records of the feed, accepted or set aside.
with door as (
    select
        finding.rule_id,
        finding.effect,
        delivery.dialect || '.' || delivery.feed as table_name,
        finding.source_delivery || ':' || cast(finding.source_row as varchar) as place
    from marts.finding as finding
    inner join control.delivery as delivery on finding.source_delivery = delivery.source_delivery
    where finding.row_key is null
),

record as (
    select
        delivery.dialect || '.' || delivery.feed as table_name,
        record.source_delivery || ':' || cast(record.source_row as varchar) as place
    from identity.record as record
    inner join control.delivery as delivery on record.source_delivery = delivery.source_delivery
    union
    select
        table_name,
        place
    from door
    where effect = 'row'
),

counted as (
    select
        rule_id,
        effect,
        table_name,
        count(distinct place) as findings
    from door
    group by rule_id, effect, table_name
    union all
    select
        rule_id,
        effect,
        table_name,
        count(distinct row_key) as findings
    from marts.finding
    where row_key is not null
    group by rule_id, effect, table_name
),

unit as (
    select
        table_name,
        count(*) as units
    from record
    group by table_name
    union all
    select
        table_name,
        row_count as units
    from released_table
)

select
    counted.rule_id,
    counted.effect,
    counted.table_name,
    counted.findings,
    coalesce(unit.units, 0) as units,
    counted.findings / greatest(coalesce(unit.units, 0), counted.findings) as rate
from counted
left join unit on counted.table_name = unit.table_name
order by counted.rule_id, counted.effect, counted.table_name

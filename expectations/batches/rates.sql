-- How often each rule found something: one row per rule, effect and released table; for rules of the door, which name no row of a
-- table, per rule, effect and feed (`<dialect>.<feed>`). `units` is what it could have found something in: rows of the table;
-- records of the feed, accepted or set aside. R13 and R14 ask for what a record that is still to come may bring, so for their rates only
-- batches count, and dose units of batches, that are due: the feed of their maker is promised, and has since told of days that are further
-- on than its promised delay.
with made as (
    select
        event.batch_id,
        delivery.partner,
        max(event.occurred_date) as last_date,
        max(promise.delay_days) as delay_days
    from marts.event as event
    inner join control.delivery as delivery on event.source_delivery = delivery.source_delivery
    inner join control.promise as promise on delivery.partner = promise.partner and delivery.feed = promise.feed
    where
        event.event_type in (
            'starting_material_thawed', 'selection_completed', 'activation_started', 'transduction_or_editing', 'in_process_check',
            'harvest_completed', 'drug_product_filled', 'batch_terminated'
        )
        and event.batch_id is not null
        and promise.every_days is not null
        and promise.delay_days is not null
    group by event.batch_id, delivery.partner
),

heard as (
    select
        partner,
        max(last_date) as until_date
    from made
    group by partner
),

due as (
    select distinct made.batch_id
    from made
    inner join heard on made.partner = heard.partner
    where date_diff('day', made.last_date, heard.until_date) > made.delay_days
),

due_thing as (
    select
        'R14' as rule_id,
        batch_id as row_key
    from due
    union all
    select
        'R13' as rule_id,
        unit.dose_unit_id as row_key
    from marts.dose_unit as unit
    inner join due on unit.batch_id = due.batch_id
),

door as (
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
        finding.rule_id,
        finding.effect,
        finding.table_name,
        count(distinct finding.row_key) as findings
    from marts.finding as finding
    left join due_thing on finding.rule_id = due_thing.rule_id and finding.row_key = due_thing.row_key
    where finding.row_key is not null and (finding.rule_id not in ('R13', 'R14') or due_thing.row_key is not null)
    group by finding.rule_id, finding.effect, finding.table_name
),

waited_for as (
    select
        rule_id,
        count(*) as units
    from due_thing
    group by rule_id
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
    coalesce(waited_for.units, unit.units, 0) as units,
    counted.findings / greatest(coalesce(waited_for.units, unit.units, 0), counted.findings) as rate
from counted
left join unit on counted.table_name = unit.table_name
left join waited_for on counted.rule_id = waited_for.rule_id
order by counted.rule_id, counted.effect, counted.table_name

{{ config(materialized='table') }}

with fact as (
    {{ standing_facts('collection') }}
),

named as (
    select
        {{ resolved_columns('collection', persons=['donor', 'recipient', 'coi']) }},
        fact.record_id,
        by_din.release_token as din_id,
        by_order.release_token as order_id,
        by_coi.release_token as coi_id,
        case
            when fact.is_anonymous then {{ anonymous_subject_id('fact', "'donor'") }}
            when fact.is_autologous then coalesce(by_donor.subject_id, by_recipient.subject_id, by_coi.subject_id)
            else by_donor.subject_id
        end as donor_subject_id,
        case
            when fact.is_anonymous then {{ anonymous_subject_id('fact', "'patient'") }}
            else coalesce(by_recipient.subject_id, by_coi.subject_id)
        end as recipient_subject_id,
        {{ own_columns('collection') }}
    from fact
    {{ join_identifiers('fact', ['din', 'donor', 'recipient', 'coi', 'order']) }}
),

-- the one donation that this recipient had on this day, for statements that name no donation
only_donation as (
    select
        recipient_subject_id,
        started_date,
        min(din_id) as din_id
    from named
    where din_id is not null and recipient_subject_id is not null and started_date is not null
    group by recipient_subject_id, started_date
    having count(distinct din_id) = 1
)

select
    named.collection_statement_id,
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
        when coalesce(named.din_id, only_donation.din_id) is not null
            then {{ surrogate_key(["'collection'", 'coalesce(named.din_id, only_donation.din_id)']) }}
        else {{ surrogate_key(["'collection_of_record'", 'named.record_id']) }}
    end as collection_id,
    named.din_id,
    named.order_id,
    named.coi_id,
    named.donor_subject_id,
    named.recipient_subject_id,
    {{ own_columns('collection', 'named') }}
from named
left join only_donation
    on
        named.din_id is null
        and named.recipient_subject_id = only_donation.recipient_subject_id
        and named.started_date = only_donation.started_date

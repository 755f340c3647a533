{{ config(materialized='ephemeral') }}

-- When each decision of a journey fell. A decision is the first of its kind, by known-by time: what comes later cannot move it.
--   referral    the first referral, eligibility, consent or order event, or the first record of an indication
--   collection  the end of the first run of collections: those that begin within two days after another; cord blood was banked for nobody
--   release     the first release of a batch, or the first final certificate of one
with collected as (
    select
        journey_id,
        collection_id,
        known_at_utc,
        known_date,
        case
            when
                {{ days_between(
                    'lag(known_date) over (partition by journey_id order by stated_date asc, known_date asc, collection_id asc)',
                    'stated_date'
                ) }} > 2
                then 1
            else 0
        end as is_begun_anew
    from {{ ref('int_journey__fact') }}
    where kind = 'collection' and name = 'collection' and coalesce(value_code, '') <> 'cord'
),

run as (
    select
        this.journey_id,
        this.collection_id as fact_id,
        this.known_at_utc,
        this.known_date
    from collected as this
    left join (
        select
            journey_id,
            min(known_date) as again_date
        from collected
        where is_begun_anew = 1
        group by journey_id
    ) as later on this.journey_id = later.journey_id
    where later.again_date is null or this.known_date < later.again_date
),

candidate as (
    select
        journey_id,
        'referral' as decision_code,
        known_at_utc,
        known_date,
        fact_id,
        true as is_first
    from {{ ref('int_journey__fact') }}
    where
        kind = 'diagnosis'
        or (kind = 'event' and name in ('referral_received', 'eligibility_confirmed', 'consent_recorded', 'order_placed'))
    union all
    select
        journey_id,
        'collection' as decision_code,
        known_at_utc,
        known_date,
        fact_id,
        false as is_first
    from run
    union all
    select
        journey_id,
        'release' as decision_code,
        known_at_utc,
        known_date,
        fact_id,
        true as is_first
    from {{ ref('int_journey__fact') }}
    where
        kind = 'event'
        and (name = 'batch_released' or (name = 'qc_result_reported' and of_code = 'batch' and value_code = 'final'))
),

ranked as (
    select
        *,
        row_number() over (
            partition by journey_id, decision_code
            order by
                case when is_first then known_date end asc nulls last,
                case when is_first then known_at_utc end asc nulls last,
                case when not is_first then known_date end desc nulls last,
                case when not is_first then known_at_utc end desc nulls last,
                fact_id asc
        ) as rank_no
    from candidate
    where known_date is not null
)

select
    journey_id,
    decision_code,
    known_at_utc as decision_at_utc,
    known_date as decision_date
from ranked
where rank_no = 1

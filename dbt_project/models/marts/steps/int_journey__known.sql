{{ config(materialized='ephemeral') }}

-- What was known of a journey at each decision: the only door from facts to features. `rank_no` 1 is the latest fact of its name about its
-- person or thing; `rank_in_part_no` 1 the latest about one bag of one collection.
select
    decision.journey_id,
    decision.decision_code,
    decision.decision_at_utc,
    decision.decision_date,
    fact.kind,
    fact.name,
    fact.of_code,
    fact.collection_id,
    fact.part_id,
    fact.is_post,
    fact.value,
    fact.value_code,
    fact.stated_date,
    fact.occurred_at_utc,
    fact.occurred_date,
    fact.source_table,
    fact.source_key,
    fact.fact_id,
    row_number() over (
        partition by decision.journey_id, decision.decision_code, fact.kind, fact.name, fact.of_code, fact.is_post
        order by
            coalesce(fact.occurred_at_utc, cast(fact.occurred_date as {{ type_of('instant') }})) desc nulls last,
            coalesce(fact.known_at_utc, cast(fact.known_date as {{ type_of('instant') }})) desc nulls last,
            fact.fact_id asc
    ) as rank_no,
    row_number() over (
        partition by
            decision.journey_id, decision.decision_code, fact.kind, fact.name, fact.is_post, fact.collection_id, fact.part_id
        order by
            coalesce(fact.occurred_at_utc, cast(fact.occurred_date as {{ type_of('instant') }})) desc nulls last,
            coalesce(fact.known_at_utc, cast(fact.known_date as {{ type_of('instant') }})) desc nulls last,
            fact.fact_id asc
    ) as rank_in_part_no
from {{ ref('int_journey__decision') }} as decision
inner join {{ ref('int_journey__fact') }} as fact on decision.journey_id = fact.journey_id and {{ is_known_by('fact', 'decision') }}

{{ config(materialized='table') }}

-- Fewer tell nothing: of six, all on one side of a value, the median lies on the other by chance in 3 of 100.
{%- set fewest = 6 %}
with compared as (
    select
        party_id,
        other_party_id,
        comparison_code,
        ahead_s,
        row_number() over (partition by party_id, other_party_id, comparison_code order by ahead_s, event_id) as place,
        count(*) over (partition by party_id, other_party_id, comparison_code) as many
    from {{ ref('int_clock__compared') }}
),

-- the 95 % interval of a median from the order of the values alone, whatever their distribution
ranked as (
    select
        compared.*,
        case
            when compared.comparison_code = 'seen_by_both' and compared.many >= {{ fewest }}
                then floor(compared.many / 2.0 - 0.98 * sqrt(compared.many) + 0.5)
        end as depth
    from compared
)

select
    party_id,
    other_party_id,
    cast(count(case when comparison_code = 'seen_by_both' then 1 end) as {{ type_of('integer') }}) as sighting_count,
    case when max(depth) is not null then 'estimated' else 'too_few' end as status_code,
    cast(
        (
            max(case when depth is not null and place = floor((many + 1) / 2.0) then ahead_s end)
            + max(case when depth is not null and place = floor((many + 2) / 2.0) then ahead_s end)
        ) / 2.0 as {{ type_of('number') }}
    ) as skew_s,
    cast(max(case when place = depth then ahead_s end) as {{ type_of('number') }}) as skew_low_s,
    cast(max(case when place = many + 1 - depth then ahead_s end) as {{ type_of('number') }}) as skew_high_s,
    cast(count(case when comparison_code <> 'seen_by_both' then 1 end) as {{ type_of('integer') }}) as passage_count,
    cast(max(case when comparison_code = 'sent' then ahead_s end) as {{ type_of('number') }}) as passage_low_s,
    cast(min(case when comparison_code = 'received' then ahead_s end) as {{ type_of('number') }}) as passage_high_s
from ranked
group by party_id, other_party_id

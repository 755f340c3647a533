with fact as (
    {{ standing_facts('logger_reading') }}
),

named as (
    select
        {{ resolved_columns('logger_reading', persons=[]) }},
        by_logger.release_token as logger_id,
        {{ own_columns('logger_reading') }}
    from fact
    {{ join_identifiers('fact', ['logger']) }}
    where fact.read_at_utc is not null
),

ranked as (
    select
        named.*,
        row_number() over (
            partition by named.logger_id, named.read_at_utc, named.probe order by named.logger_reading_statement_id asc
        ) as rank_no
    from named
    where named.logger_id is not null
)

select *
from ranked
where rank_no = 1

{{ config(materialized='table') }}

with fact as (
    {{ standing_facts('product_edge') }}
)

select
    {{ resolved_columns('product_edge', persons=[]) }},
    by_parent_din.release_token as parent_din_id,
    by_child_din.release_token as child_din_id,
    by_child_batch.release_token as child_batch_id,
    {{ own_columns('product_edge') }}
from fact
{{ join_identifiers('fact', ['parent_din', 'child_din', 'child_batch']) }}
where by_parent_din.release_token is not null and coalesce(by_child_din.release_token, by_child_batch.release_token) is not null

"""The finished spans of a release's table `transition`, as the statistics take them. Reads a release; computes nothing."""

from __future__ import annotations

import polars as pl

from cgt_etl.handoffs.reading import views
from cgt_etl.release.read import Release


def finished(release: Release) -> pl.DataFrame:
    """Every span that has a beginning and an end, in order of transition, site and beginning.

    Returns:
        `transition` (`H08_until_first_use`, `manufacture`), `site` (the partner whose time it is), `product` (`unknown` where no record
        names it), `at` (days since 1970-01-01 UTC at the beginning), `hours`.
    """
    with views(release, "transition") as connection:
        return connection.execute(
            "select transition_code as transition, party_id as site, coalesce(product_name_code, 'unknown') as product,"
            ' epoch(entered_at_utc) / 86400 as "at", duration_h as hours from transition'
            " where status_code = 'ended' and party_id is not null"
            ' order by transition, site, "at", hours, product, transition_id'
        ).pl()


def doses(release: Release) -> pl.DataFrame:
    """What became of the product of every span: lost where its handoff was lost or a batch of it failed.

    The batch is that of the span, else those of its journey's order. Spans of which nobody told are left out.

    Returns:
        `transition`, `site`, `product` as in `finished`, `is_lost`; one row per span, in order of transition, site, product and span.
    """
    with views(release, "transition", "handoff", "batch", "journey") as connection:
        return connection.execute(_DOSES).pl()


_DOSES = """
with made as (
  select s.transition_id, bool_or(b.disposition_code in ('out_of_specification', 'terminated', 'rejected')) as has_failed
  from transition s
  left join journey j on s.journey_id = j.journey_id
  join batch b on b.batch_id = s.batch_id or (s.batch_id is null and b.therapy_order_id = j.therapy_order_id)
  where b.disposition_code is not null
  group by s.transition_id
)
select s.transition_code as transition, s.party_id as site, coalesce(s.product_name_code, 'unknown') as product,
  coalesce(h.status_code = 'lost', false) or coalesce(m.has_failed, false) as is_lost
from transition s
left join handoff h on s.handoff_id = h.handoff_id
left join made m on s.transition_id = m.transition_id
where s.party_id is not null and (h.status_code = 'lost' or m.transition_id is not null)
order by transition, site, product, s.transition_id
"""

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

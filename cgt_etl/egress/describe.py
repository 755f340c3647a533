"""The words that go with a shared view: a data dictionary (CSV and a page) and a README, from the policy and the models' descriptions.

Holds no row of data and no name of a partner. What is written here is scanned like everything else.
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from cgt_etl.egress.policy import Action, Band, Digits, Policy
from cgt_etl.egress.values import shared_name

COLUMNS = "data_dictionary.csv"
_DONE = {
    "keep": "as in the release",
    "category": "as in the release; `suppressed`, or empty where it is a number, for a value of fewer than {minimum} people",
    "key": "token of this share alone; empty where that row is not shared",
    "site": "token of this share alone; empty for a place with fewer than {minimum} people",
    "day": "days from day 0, the index event of the component",
    "age": "whole years; 90 is 90 or more, and younger ages of such a person are empty",
}
ADDED = {
    (
        "subject",
        "component_id",
    ): "Persons with the same one are connected as donor and recipient and have one day 0; token of this share alone.",
    ("subject", "index_event_code"): "What day 0 of the component is: {index}. Empty where the component has no dated row.",
}
"""Columns that only a shared view has."""
Meanings = Mapping[tuple[str, str], tuple[str, str]]
"""(table, released column) -> meaning, unit."""


def write(folder: Path, policy: Policy, tables: Mapping[str, pl.DataFrame], meanings: Meanings, minimum: int, *, is_by_week: bool) -> None:
    """Write the dictionary and the README into `folder`."""
    rows = list(_rows(policy, tables, meanings, minimum))
    head = list(rows[0])
    text = io.StringIO()
    writer = csv.DictWriter(text, head, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / COLUMNS).write_text(text.getvalue(), encoding="utf-8")
    cells = "\n".join("<tr>" + "".join(f"<td>{html.escape(row[name])}</td>" for name in head) + "</tr>" for row in rows)
    titles = "".join(f"<th>{name}</th>" for name in head)
    head_of_page = '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Data dictionary</title>'
    page = f"{head_of_page}\n<table>\n<tr>{titles}</tr>\n{cells}\n</table>\n</html>\n"
    (folder / COLUMNS).with_suffix(".html").write_text(page, encoding="utf-8")
    (folder / "README.md").write_text(_readme(policy, minimum, is_by_week=is_by_week), encoding="utf-8")


def _rows(policy: Policy, tables: Mapping[str, pl.DataFrame], meanings: Meanings, minimum: int) -> Iterable[dict[str, str]]:
    index = ", ".join(one.code for one in policy.index)
    for name, frame in tables.items():
        of = {shared_name(column, action): (column, action) for column, action in policy.shared[name].columns.items()}
        for column, type_ in frame.schema.items():
            if (name, column) in ADDED:
                meaning, unit, done = ADDED[name, column].format(index=index), "", "made for the shared view"
            else:
                source, action = of[column]
                meaning, unit = meanings.get((name, source), ("", ""))
                done = said(action, minimum)
                unit = "d" if action == "day" else unit
            yield {"table": name, "column": column, "type": str(type_), "meaning": meaning, "unit": unit, "shared_as": done}


def said(action: Action, minimum: int) -> str:
    """What an action does, in a few words."""
    if isinstance(action, Band):
        return f"lower end of a band of {action.band:g}; empty for a band of fewer than {minimum} people"
    if isinstance(action, Digits):
        return f"rounded to {action.digits} significant digits"
    return _DONE[str(action)].format(minimum=minimum)


def _readme(policy: Policy, minimum: int, *, is_by_week: bool) -> str:
    first, *others = (one.code.replace("_", " ") for one in policy.index)
    week = "\nDay 0 is the Monday of that event's week, so that day modulo 7 is the day of the week (0 is Monday).\n" if is_by_week else ""
    return f"""# Shared view

De-identified rows of people who consented to the purpose in `manifest.json`. There are no identifiers, dates, times of day (but the hour of
infusion), places or names here. `data_dictionary.csv` says what each column means and what was done to it.

- Tokens join the tables of this share, and nothing outside of it.
- A `_day` counts from day 0 of the row's component: all donors and recipients that are connected, whose days can be compared. Day 0 is the
  {first}, else the {", else the ".join(others)}. Days of two components cannot be compared. A `_utc_day` counts days in UTC.
- Ages are whole years at the event, by the full birth date; 90 is 90 or more.
- Codes, bands and places of fewer than {minimum} people are not shown. Counts in the manifest below that are shown as fewer.
- A row of a person who did not consent, and of cells that came from one, is absent. Absence says nothing about care.
{week}
Do not try to identify anybody, and do not join this with data about individuals.
"""

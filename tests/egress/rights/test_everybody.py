"""Rights: one no of one partner to one recipient leaves a legal entity out, and everybody is asked about."""

from __future__ import annotations

from datetime import date
from itertools import product

from cgt_etl.egress.rights.everybody import Refusal, Wish, permitted

ABOUT = ("research", date(2026, 1, 1))
WHO = {"A Inc.": ("a1", "a2"), "B Inc.": ("b",)}
RECIPIENTS = ("a1", "a2", "b", "c")
COLUMNS = ("batch.disposition_code", "measurement.value")


def test_each_refusal_alone_leaves_its_legal_entity_out() -> None:
    asked: list[Wish] = []
    everybody = permitted(lambda wishes: asked.extend(wishes) or [(True, "")] * len(wishes), WHO, RECIPIENTS, COLUMNS, ABOUT)
    assert everybody == (("A Inc.", "B Inc."), ())
    every = {Wish(to, of, *place.split("."), *ABOUT) for to, of, place in product(RECIPIENTS, ("a1", "a2", "b"), COLUMNS)}
    assert set(asked) == every
    for denied in every:
        found = permitted(lambda wishes, no=denied: [(wish != no, "embargo") for wish in wishes], WHO, RECIPIENTS, COLUMNS, ABOUT)
        entity = "B Inc." if denied.contributor == "b" else "A Inc."
        assert found.legal_entities == tuple(sorted(set(WHO) - {entity}))
        assert found.refused == (Refusal(entity, denied.contributor, denied.recipient, f"{denied.table}.{denied.column}", "embargo"),)

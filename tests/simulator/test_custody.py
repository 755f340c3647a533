"""Custody records of couriers: they say what the truth says of hold, temperature, seals and papers; a defect is what its rule asks for."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cgt_etl.settings import PACKAGE
from cgt_etl.simulator import simulate
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import custody
from cgt_etl.simulator.world.network import NETWORK

SPEAKERS = {party.partner for party in NETWORK.couriers if custody.DIALECT in party.dialects}
Forms = dict[str, dict[str, str]]


def _truth(out: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "truth" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty journeys without defects, in one night."""
    out = tmp_path_factory.mktemp("custody") / "run"
    simulate(out, journeys=60, nights=1, seed=11, defects="none")
    return out


@pytest.fixture(scope="module")
def forms(run: Path) -> Forms:
    """Container -> its record."""
    paths = sorted(run.glob("inbox/*/*/custody/custody_*.csv"))
    return {row["SSCC"]: row for path in paths for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}


def test_every_delivered_shipment_of_a_courier_that_keeps_them_has_one(run: Path, forms: Forms) -> None:
    shipments = {one["sscc"]: one for one in _truth(run, "shipments") if one["courier"] in SPEAKERS}
    assert forms.keys() <= shipments.keys()
    assert len(forms) > 0.9 * len(shipments), "the last are delivered after the last night"
    for sscc, form in forms.items():
        true = shipments[sscc]
        packed, received = (datetime.fromisoformat(form[column]) for column in ("PACKED_UTC", "RECEIVED_UTC"))
        assert (packed, received) == tuple(datetime.fromisoformat(true[at]) for at in ("packed", "delivered"))
        assert timedelta(hours=int(form["HOLD_H"])) == timedelta(days=true["hold_days"])
        assert (float(form["LOW_C"]), float(form["HIGH_C"])) == tuple(true["limit_c"])
        assert int(form["OUT_MIN"]) == true["excursion_min"]
        assert (form["LID_MIN"] != "0") == (true["lid_opened"] is not None)


def test_seals_and_papers_are_wrong_where_the_world_has_them_wrong_and_nowhere_else(run: Path, forms: Forms) -> None:
    legs = {}
    for one in _truth(run, "shipments"):
        for given in ("packed", "picked_up"):
            legs[one["journey"], tuple(one["contents"]), one[given]] = (one["sscc"], given == "picked_up")
    seen: dict[str, int] = defaultdict(int)
    for handoff in _truth(run, "handoffs"):
        sscc, is_by_courier = legs.get((handoff["journey"], tuple(handoff["objects"]), handoff["sent"]), ("", False))
        if sscc not in forms:
            continue
        form, giver, taker = forms[sscc], *(("DL", "RC") if is_by_courier else ("PK", "PU"))
        is_short = any(form[f"{side}_{paper}"] == "N" for side in (giver, taker) for paper in custody.PAPERS[handoff["code"]])
        assert is_short == (handoff["fault"] == "papers_missing")
        if is_by_courier:
            is_wrong = form["RC_SEAL"] != form["PU_SEAL"] or form["RC_SEAL_STATE"] == custody.BROKEN
            assert is_wrong == (handoff["fault"] == "seal_broken")
        seen[handoff["fault"]] += 1
    assert seen["papers_missing"]
    assert seen["seal_broken"]


def test_papers_are_those_of_the_vocabulary_of_handoffs() -> None:
    words = {
        "WAYBILL": "waybill", "CUSTODY": "custody", "INVOICE": "pro-forma invoice", "NOXRAY": "do-not-X-ray", "POD": "POD",
        "LOGGER": "logger",
    }  # fmt: skip
    with (PACKAGE / "vocabularies" / "handoffs.csv").open(encoding="utf-8", newline="") as file:
        documents = {row["handoff_id"]: row["documents"] for row in csv.DictReader(file)}
    for code, papers in custody.PAPERS.items():
        parts = documents[code].split(", ")
        assert all(any(words[paper] in part for part in parts) for paper in papers if paper in words), code
        assert ("PRODUCT" in papers) == (code in {"H18", "H19", "H20"})
        assert "PRODUCT" in papers or len(papers) == len(parts), code


def test_each_defect_is_what_its_rule_asks_for(forms: Forms) -> None:
    draws, changed = Draws.seeded("defects"), defaultdict(int)
    for form in forms.values():
        record = {**form, "needed": ("PU_WAYBILL", "RC_POD")}
        for one in custody.DEFECTS["custody"]:
            spoiled = one.apply(record, draws)
            if spoiled is None or one.at_door:
                continue
            changed[one.name] += 1
            [column] = [name for name in spoiled if spoiled[name] != record[name]] or [""]
            if one.name == "past_its_qualified_hold":
                packed, received = (datetime.fromisoformat(form[name]) for name in ("PACKED_UTC", "RECEIVED_UTC"))
                assert packed + timedelta(hours=int(spoiled["HOLD_H"])) < received
            elif one.name == "outside_the_label":
                assert int(spoiled["OUT_MIN"]) > 0
            elif one.name == "paper_missing":
                assert column in (*record["needed"], "")
            else:
                assert column in ("RC_SEAL", "RC_SEAL_STATE", "")
    assert len(changed) == 5
    assert min(changed.values()) > 0.9 * len(forms)

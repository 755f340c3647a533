"""The words of a card: kinds and stages of handoffs, what may be wrong, what was not captured, and what to do about it.

Counterparts are named by their role, as in `handoffs.csv`, never by who they are. Holds no figure.
"""

from __future__ import annotations

import csv
from functools import cache

from cgt_etl.settings import PACKAGE

KINDS = {
    "H05": ("collected bag", "collection site", "processing laboratory"),
    "H07": ("packed shipper", "origin", "courier"),
    "H08": ("starting material", "courier", "manufacturer"),
    "H10": ("samples for release", "manufacturer", "testing laboratory"),
    "H13": ("packed drug product", "manufacturer", "courier"),
    "H14": ("drug product", "courier", "treatment centre"),
    "H18": ("graft", "courier", "treatment centre"),
    "H19": ("frozen cord blood", "courier", "destination"),
    "H20": ("off-the-shelf vials", "courier", "treatment centre"),
}
"""Kind -> what changes hands, who gives, who receives."""
UNKNOWN_KIND = ("shipment of unknown contents", "the giver", "the receiver")

STAGES = {
    "H05_on_the_way": "end of collection to the laboratory's receipt",
    "H05_until_first_use": "laboratory's receipt to freezing",
    "H07_before_giving": "end of collection to packing",
    "H07_on_the_way": "packing to pick-up, starting material",
    "H08_on_the_way": "on the way to the manufacturer",
    "H08_until_first_use": "receipt of starting material to first step",
    "H10_until_first_use": "filling to first certificate",
    "H13_before_giving": "filling to packing",
    "H13_on_the_way": "packing to pick-up, drug product",
    "H14_on_the_way": "drug product on the way",
    "H14_until_first_use": "receipt of drug product to first use",
    "H18_on_the_way": "graft on the way",
    "H18_until_first_use": "receipt of graft to first use",
    "H19_on_the_way": "cord blood on the way",
    "H19_until_first_use": "receipt of cord blood to first use",
    "H20_on_the_way": "off-the-shelf vials on the way",
    "H20_until_first_use": "receipt of vials to first use",
    "manufacture": "first step to filling of the batch",
}

WRONG = {
    "is_lost": "lost: discarded after it was given",
    "is_identity_wrong": "identity: the two sides name different donations or patients",
    "is_overdue": "open past its limit: no receipt or use is on record",
    "is_temperature_wrong": "temperature outside the specification",
    "is_late": "longer on the way than the limit allows",
    "is_count_wrong": "count: the two sides count differently",
    "is_seal_wrong": "seal broken, or another than was closed",
    "is_papers_wrong": "papers that the handoff needs were not there",
    "is_time_wrong": "times that cannot be: received or used before it was given",
}
"""Flag of `own_handoff` -> what is wrong, worst first."""
ANY_WRONG = " or ".join(WRONG)

SHORT = {
    "is_lost": "lost",
    "is_identity_wrong": "identities differ",
    "is_overdue": "open past its limit",
    "is_temperature_wrong": "temperature",
    "is_late": "too long on the way",
    "is_count_wrong": "counts differ",
    "is_seal_wrong": "seal",
    "is_papers_wrong": "papers",
    "is_time_wrong": "impossible times",
}

ACTIONS = {
    "is_lost": "Agree with the {counterpart} who reports a discard, and go through the lost ones together.",
    "is_identity_wrong": "Scan every donation or lot number against the manifest at hand-over, and clear up those listed below today.",
    "is_overdue": "Ask the {counterpart} what became of each open one below; where it was received, have the receipt sent.",
    "is_temperature_wrong": "Review packing and shipper of those listed below with the {counterpart} before the next shipment.",
    "is_late": "Move the pick-up or the slot: those listed below were on the way longer than the limit.",
    "is_count_wrong": "Count at hand-over by one method, agreed with the {counterpart}, and send both counts.",
    "is_seal_wrong": "Have the seal number read aloud and written down by both sides at hand-over, with the {counterpart}.",
    "is_papers_wrong": "Go through the list of papers with the {counterpart} before the shipper leaves: some were not there.",
    "is_time_wrong": "Check the clock and time zone of the system that wrote the records listed below.",
}
"""Cause -> one thing to do."""
RECEIVER_OVERDUE = "No record says that you took over those open below: send it, or tell the {counterpart} that they never came."
"""In place of `is_overdue` where the partner is the one to receive."""

MISSING = {
    ("CE1", "post_counts"): ("missing post-counts block CE1", "run", "Draw a count after every run: without it CE1 cannot be computed."),
    ("CE1", "blood_processed"): (
        "missing blood volumes block CE1",
        "run",
        "Export inlet and anticoagulant volume of every run: CE1 needs the blood processed.",
    ),
    ("CE2", "pre_counts"): ("missing pre-counts block CE2", "run", "Draw a count before every run: without it CE2 cannot be computed."),
    ("hold", "end_of_collection"): (
        "missing end of collection blocks the hold time",
        "run",
        "Record date and time at which each collection ends: the hold time starts there.",
    ),
    ("expansion", "seeded_cells"): (
        "missing cells seeded block the expansion",
        "batch",
        "Record the cells put into culture: without them no expansion can be computed.",
    ),
    ("expansion", "harvested_cells"): (
        "missing harvest counts block the expansion",
        "batch",
        "Export the viable cells at harvest of every batch, failed ones too.",
    ),
    ("yield_of_batches", "disposition"): (
        "missing dispositions block the success rate",
        "batch",
        "Send the disposition of every batch, terminated ones too.",
    ),
    ("hour_of_infusion", "infusion_time"): (
        "missing times of day block the hours until infusion",
        "infusion",
        "Record the time at which each infusion starts, not the day alone.",
    ),
    ("dose", "cells_given"): ("missing cells given block the dose", "infusion", "Send the cells given with each infusion."),
    ("hours_on_the_way", "giving_time"): (
        "missing times of giving block the hours on the way",
        "handoff",
        "Record date and time at which you give each one.",
    ),
    ("hours_on_the_way", "receiving_time"): (
        "missing times of receipt block the hours on the way",
        "handoff",
        "Record date and time of each receipt: the first use alone does not say when it came.",
    ),
    ("cells_compared", "giver_cells"): (
        "missing counts of the giver block the comparison of cells",
        "handoff",
        "Send the nucleated cells of each bag you give.",
    ),
    ("cells_compared", "receiver_cells"): (
        "missing counts of the receiver block the comparison of cells",
        "handoff",
        "Count nucleated cells at receipt and send the count.",
    ),
    ("temperature", "minutes_outside"): (
        "missing minutes outside the specification block the temperature check",
        "handoff",
        "Have the logger's specification and its minutes outside exported with each shipment.",
    ),
    ("seals_papers", "custody_record"): (
        "missing custody records block seals and papers",
        "handoff",
        "Send the custody record of every shipment: seals and papers stand in it.",
    ),
}
"""(what is blocked, what is missing) -> sentence, the thing counted, what to do where the side is the partner's own."""
SIDES = {"own": "yours to record", "other": "the other side's to record"}

FATE = (
    ("manufactured", "is_manufactured", "is_to_manufacture", "taken into manufacture"),
    ("released", "has_released", "is_decided", "with a batch released"),
    ("failed", "has_failed", "is_decided", "with a batch that failed"),
    ("infused", "is_infused", "true", "infused"),
)
"""Key, flag of `own_treatment`, of which treatments, words."""

FASTER = "Bring the time from {} to your peers' pace: {} could be recovered ({} to {})."
NOTHING = "Nothing to mend: both sides agree as far as they told. Keep recording as you do."


def kind(code: str | None) -> tuple[str, str, str]:
    """What changes hands, who gives, who receives."""
    return KINDS.get(code or "", UNKNOWN_KIND)


def counterpart(code: str | None, side: str) -> str:
    """The role of the other side."""
    _, giver, receiver = kind(code)
    return receiver if side == "gave" else giver


def many(count: int, thing: str) -> str:
    """`1 run`, `2 runs`."""
    plural = {"batch": "batches", "person": "people"}.get(thing, f"{thing}s")
    return f"{count} {thing if count == 1 else plural}"


def ruled(effect: str) -> str:
    """What a rule did, by its effect."""
    return {"row": "whole rows set aside", "cell": "single cells set aside"}.get(effect, "records marked")


def rule(rule_id: str) -> str:
    """What a rule asks, up to its first semicolon."""
    return _rules().get(rule_id, "a rule of the gate").split(";")[0]


@cache
def _rules() -> dict[str, str]:
    with (PACKAGE / "vocabularies" / "rules.csv").open(encoding="utf-8", newline="") as file:
        return {row["rule_id"]: row["title"] for row in csv.DictReader(file)}

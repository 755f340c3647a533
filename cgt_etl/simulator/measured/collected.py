"""Measurements in the lists of blood centres, cord blood banks and donor registries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from cgt_etl.simulator.exports import becs_eu, cord_bank
from cgt_etl.simulator.facts import Fact
from cgt_etl.simulator.measured.shapes import NO_TIME, Measured, Reader, Time, number, object_of, person_of, told, zoned

Column = tuple[str, float]
"""Measurement, and how many of the vocabulary's units make one of the column's."""
US_BLOOD: Mapping[str, Column] = {
    "PRE_CD3_UL": ("pb_cd3_abs", 1),
    "POST_CD3_UL": ("pb_cd3_abs", 1),
    "HGB_PRE": ("pb_hgb", 1),
    "HGB_POST": ("pb_hgb", 1),
    "PLT_PRE": ("pb_plt", 1),
    "PLT_POST": ("pb_plt", 1),
}
"""Of the day's blood samples, which have no time."""
US_RUN: Mapping[str, Column] = {
    "TBV_ML": ("total_blood_volume", 1),
    "INLET_VOL_ML": ("inlet_volume", 1),
    "WB_PROC_L": ("whole_blood_processed", 1000),
    "ACDA_USED_ML": ("ac_volume", 1),
    "RUN_MIN": ("run_time", 1),
    # weighed: grams of a product of 1.058 g/mL
    "PRD_VOL_G": ("product_volume", 1 / 1.058),
    "PRD_WBC_K_UL": ("product_wbc_conc", 1),
    "TNC_E8": ("product_tnc", 0.1),
    "CD3_YIELD_E9": ("product_cd3_total", 1),
    "CE2_PCT": ("ce2", 1),
    "VIAB": ("product_viability_pre", 1),
}
EU_BLOOD: Mapping[str, Column] = {
    "CD34+ [/µl]": ("pb_cd34_abs", 1),
    # one mole of haemoglobin as monomer
    becs_eu.HAEMOGLOBIN: ("pb_hgb", 1.611),
    "Thrombozyten [G/l]": ("pb_plt", 1),
}
EU_RUN: Mapping[str, Column] = {
    becs_eu.BLOOD: ("whole_blood_processed", 1000),
    becs_eu.ANTICOAGULANT: ("ac_volume", 1),
    "Produktvolumen [ml]": ("product_volume", 1),
    "Leukozyten Produkt [G/l]": ("product_wbc_conc", 1),
    "CD34+ gesamt [x10^6]": ("product_cd34_total", 1),
    "CD3+ gesamt [x10^8]": ("product_cd3_total", 0.1),
    becs_eu.VIABILITY: ("product_viability_pre", 1),
}
COLLECTED, FROZEN, SEGMENT = "collected", "frozen", "segment"
UNIT: Mapping[str, tuple[str, float, str]] = {
    "COLL_VOL_ML": ("product_volume", 1, COLLECTED),
    "TNC_PRE_E8": ("product_tnc", 0.1, COLLECTED),
    "FINAL_VOL_ML": ("product_volume", 1, FROZEN),
    cord_bank.TNC: ("product_tnc", 0.1, FROZEN),
    "NRBC_E6": ("nrbc_product", 1, FROZEN),
    "HCT_PCT": ("product_hct", 1, FROZEN),
    "CD34_E6": ("product_cd34_total", 1, FROZEN),
    cord_bank.VIABILITY: ("product_viability_pre", 1, FROZEN),
    "SEGMENT_VIAB_PCT": ("post_thaw_viability", 1, SEGMENT),
    "COMP_1_ML": ("cryo_volume_per_bag", 1, FROZEN),
    "COMP_2_ML": ("cryo_volume_per_bag", 1, FROZEN),
}
"""Measurement, factor, and when it was measured: of a segment nobody says. Colonies stand without a weight and are in no table."""
MARKERS = {"HIV": "idm_hiv_ab_ag", "HBSAG": "idm_hbsag", "HCV": "idm_hcv_ab", "SYPHILIS": "idm_syphilis", "CMV_IGG": "idm_cmv_igg"}
RESULTS = {"POS": "positive", "NEG": "negative"}
TYPED = {"HR": "high_resolution", "LR": "low_resolution"}


def _columns(fact: Fact, columns: Mapping[str, Column], at: Time, person: int | None, *, comma: bool = False) -> Iterator[Measured]:
    for column, (name, factor) in columns.items():
        value = number(fact.record[column], comma=comma)
        if value is not None:
            yield Measured(name, f"{object_of(fact, 'din')}/{column}", person, at, value * factor)


def _us(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    person = fact.events[0].person
    yield from _columns(fact, US_BLOOD, (told(fact, "apheresis_started")[0][:10], None), person)
    yield from _columns(fact, US_RUN, told(fact, "apheresis_completed"), person)
    # a spreadsheet takes `12:1` for a time of day
    ratio = float(fact.record["AC_RATIO"].split(":")[0])
    yield Measured("ac_ratio", f"{object_of(fact, 'din')}/AC_RATIO", person, told(fact, "apheresis_completed"), ratio)


def _eu(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    person = fact.events[0].person
    yield from _columns(fact, EU_BLOOD, (told(fact, "apheresis_started")[0][:10], None), person, comma=True)
    yield from _columns(fact, EU_RUN, told(fact, "apheresis_completed"), person, comma=True)


def _unit(fact: Fact, zone: ZoneInfo) -> Iterator[Measured]:
    """The mother's blood is tested for markers: of the donation, and of nobody whom the record names."""
    din, child = object_of(fact, "din"), person_of(fact, "donor_id")
    times = {
        COLLECTED: _list_time(fact.record["COLL_DATE"], fact.record["COLL_TIME"], zone),
        FROZEN: _list_time(fact.record["FREEZE_DATE"], fact.record["FREEZE_TIME"], zone),
        SEGMENT: NO_TIME,
    }
    for column, (name, factor, when) in UNIT.items():
        value = number(fact.record[column])
        if value is not None:
            yield Measured(name, f"{din}/{column}", child, times[when], value * factor)
    for column, name in MARKERS.items():
        yield Measured(name, f"{din}/{column}", None, NO_TIME, None, RESULTS[fact.record[column]])
    yield Measured("hla_typing", f"{din}/HLA", child, NO_TIME, None, TYPED[fact.record["HLA_STATUS"]])


def _unit_sent(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    value = number(fact.record["SHIPPER_C"])
    if value is not None:
        yield Measured("storage_temp", f"{object_of(fact, 'din')}/SHIPPER_C", None, told(fact, "shipment_packed"), value)


def _request(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    """Days alone; of the donor's weight the day of the request."""
    record, donor = fact.record, person_of(fact, "grid")
    weight = number(record["donor_weight_kg"])
    if weight is not None:
        yield Measured("body_weight", record["request_no"], donor, (record["requested"], None), weight)
    if record["typed"]:
        yield Measured("hla_typing", record["request_no"], donor, (record["typed"], None), None, "typed")
    yield Measured("idm_cmv_igg", record["request_no"], donor, NO_TIME, None, RESULTS[record["donor_cmv"]])


def _list_time(day: str, time: str, zone: ZoneInfo) -> Time:
    """Of `02-Nov-2025` and `13:10`."""
    return zoned(datetime.strptime(f"{day} {time}", "%d-%b-%Y %H:%M"), zone)  # noqa: DTZ007  its zone is the bank's


READERS: Mapping[tuple[str, str], Reader] = {
    ("becs_us", "apheresis"): _us,
    ("becs_eu", "apheresis"): _eu,
    ("cord_bank", "unit"): _unit,
    ("cord_bank", "shipment"): _unit_sent,
    ("donor_registry", "request"): _request,
}

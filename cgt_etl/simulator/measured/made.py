"""Measurements of manufacture: batch records, certificates, counters, the freezing log and the tank of a processing laboratory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from cgt_etl.simulator.exports import coa, ln2_tank_log, mes_b2mml, processing_lab, revvity_matrix, vi_cell_blu
from cgt_etl.simulator.facts import Fact
from cgt_etl.simulator.measured.shapes import NO_TIME, Measured, Reader, Time, number, object_of, person_of, told, zoned

PARAMETERS = {
    "THAW_VIAB": ("post_thaw_viability", "%"),
    "SEL_PUR": ("selection_purity", "%"),
    "SEL_REC": ("selection_recovery", "%"),
    "EDIT_EFF": ("editing_efficiency", "%"),
    "MOI": ("moi", "TU/cell"),
    "VCD": ("viable_cell_density", "1e6/mL"),
    "VIAB": ("in_process_viability", "%"),
    "FOLD": ("fold_expansion", "x"),
    "PDL": ("population_doublings", "1"),
    # of all cells, transduced or not
    "VCN_TOT": ("vcn", "c/cell"),
    "HARV_TVC": ("harvest_total_viable", "1e9"),
    "SEED_CD3": ("mfg_input_cd3", "1e6"),
    "TN": ("pheno_naive_pct", "%"),
    "TCM": ("pheno_tcm_pct", "%"),
    "TEM": ("pheno_tem_pct", "%"),
    "TEMRA": ("pheno_temra_pct", "%"),
}
"""Parameter of a batch record, without its culture day -> measurement, and its unit as written, which is the vocabulary's."""
TESTS = {name: (test, size) for test, (name, _, _, size) in coa.WORDS.items()}
WORDS = {written: code for code, written in coa.RESULTS_IN_WORDS.items()}
SAMPLE: Mapping[str, tuple[str, float]] = {
    "Vol": ("product_volume", 1),
    "TNC (x10^10)": ("product_tnc", 10),
    "Viab": ("product_viability_pre", 1),
    "CD3/CD45 %": ("product_cd3_pct", 1),
    "CD14 %": ("product_cd14_pct", 1),
    "CD56+CD3- %": ("product_nk_pct", 1),
    processing_lab.HAEMATOCRIT: ("product_hct", 1),
}
"""Of a whole sample, in every row of a component of it."""
DMSO = {"CS10": 10, "10": 10, "1:1 w/20%": 10}
STERILITY = {"NGTD": "no_growth_to_date", "NG14": "no_growth"}
BAGS = ("Bag 1 mL", "Bag 2 mL")


def _parameter(name: str, unit: str, text: str) -> tuple[str, float] | None:
    """Measurement and value; None where there is no such parameter, or no number in its unit."""
    known = PARAMETERS.get(re.sub(r"^D\d+_", "", name))
    value = number(text)
    return (known[0], value) if known and known[1] == unit and value is not None else None


def _batch_row(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    row = fact.record
    said = _parameter(row["PARAM"], row["UOM"], row["VALUE"])
    if said:
        at = row["TS_UTC"].removesuffix("Z")
        of = f"{row['LOT']}/{row['UNIT_OP']}/{row['PARAM']}"
        yield Measured(said[0], of, person_of(fact, "coi"), (at, at), said[1])


def _batch_record(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    for event in fact.record["events"]:
        if event["kind"] != mes_b2mml.PROCESS_DATA:
            continue
        [(key, text, unit)] = event["values"]
        said = _parameter(key, unit, text)
        if said:
            at = event["at"].removesuffix("Z")
            of = f"{fact.record['batch']}/{event['operation']}/{key}"
            yield Measured(said[0], of, person_of(fact, "coi"), (at, at), said[1])


def _certificate(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    """A certificate repeats what an earlier one of its batch said; a result that differs from it is another."""
    at, person = told(fact, "qc_result_reported"), person_of(fact, "coi")
    for line in fact.record["lines"]:
        if line["Test"] not in TESTS or line["Result"] in (None, "", coa.ERROR, "see attachment"):
            continue
        if line["Method"] == coa.WITHOUT_BASIS:
            continue
        (name, size), result = TESTS[line["Test"]], line["Result"]
        word = WORDS.get("NGTD" if str(result).startswith("NGTD") else str(result), "")
        comparator = str(result)[0] if str(result)[0] in "<>" else ""
        # of its test's one unit, whatever the limits beside it are written in
        value = None if word else float(str(result).removeprefix(comparator)) * size
        # the same number may stand as a number or as text
        of = f"{object_of(fact, 'batch')}/{line['Method']}/{name}/{comparator}{value}{word}"
        yield Measured(name, of, person, at, value, word, comparator)


def _counted(fact: Fact, zone: ZoneInfo) -> Iterator[Measured]:
    row = fact.record
    at = zoned(datetime.strptime(row[vi_cell_blu.AT], "%m/%d/%Y %H:%M"), zone)  # noqa: DTZ007  the laboratory's
    of = f"{object_of(fact, 'batch')}/{row[vi_cell_blu.AT]}"
    for column, name in ((vi_cell_blu.VIABLE, "viable_cell_density"), (vi_cell_blu.VIABILITY, "in_process_viability")):
        value = number(row[column])
        if value is not None:
            yield Measured(name, f"{of}/{name}", None, at, value)


def _well(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    """Of no time; live cells are counted per mL, not per million of it."""
    row, of = fact.record, f"{object_of(fact, 'batch')}/plate"
    live, viability = number(row[revvity_matrix.LIVE]), row[revvity_matrix.VIABILITY]
    if live is not None:
        yield Measured("viable_cell_density", f"{of}/density", None, NO_TIME, live / 1e6)
    if viability.endswith("%"):
        yield Measured("in_process_viability", f"{of}/viability", None, NO_TIME, float(viability[:-1]))


def _frozen(fact: Fact, zone: ZoneInfo) -> Iterator[Measured]:
    row, din = fact.record, object_of(fact, "din")
    component = f"{din}/{row[processing_lab.COMPONENT]}/frozen"
    started = told(fact, "cryopreservation_started")
    for column, (name, size) in SAMPLE.items():
        value = number(str(row[column]).removesuffix(" %"))
        if value is not None:
            received = _day_time(row[processing_lab.RECEIVED], started[0], zone)
            yield Measured(name, f"{din}/{row[processing_lab.SAMPLE]}/{column}", None, received, value * size)
    for column in BAGS:
        value = number(str(row[column]))
        if value is not None:
            yield Measured("cryo_volume_per_bag", f"{component}/{column}", None, started, value)
    if str(row[processing_lab.DMSO]) in DMSO:
        yield Measured("dmso_pct", f"{component}/dmso", None, started, DMSO[str(row[processing_lab.DMSO])])
    word = STERILITY.get(row[processing_lab.STERILITY])
    if word:
        yield Measured("sterility_product", f"{component}/sterility", None, NO_TIME, None, word)


def _day_time(text: str, near: str, zone: ZoneInfo) -> Time:
    """Of `2 Nov 13:10`, in the year of the time `near` that it comes before; no time where there is none."""
    for year in (int(near[:4]), int(near[:4]) - 1):
        try:
            local = datetime.strptime(f"{year} {text}", "%Y %d %b %H:%M")  # noqa: DTZ007  its zone is the laboratory's
        except ValueError:
            return NO_TIME
        if f"{local:%Y-%m-%dT%H:%M}" <= near:
            return zoned(local, zone)
    return NO_TIME


def _tank(fact: Fact, zone: ZoneInfo) -> Iterator[Measured]:
    row = fact.record
    local = datetime.strptime(f"{row['Date']} {row['Time']}", "%d/%m/%y %H:%M:%S")  # noqa: DTZ007  its zone is the laboratory's
    at = local.isoformat(), zoned(local, zone)[1]
    columns = (
        (ln2_tank_log.UPPER, "storage_temp", "°C"),
        (ln2_tank_log.LOWER, "storage_temp", "°C"),
        (ln2_tank_log.LEVEL, "ln2_level", " mm"),
    )
    for column, name, unit in columns:
        value = number(row[column].removesuffix(unit)) if row[column].endswith(unit) else None
        if value is not None:
            yield Measured(name, f"{'/'.join(fact.key)}/{column}", None, at, value)


READERS: Mapping[tuple[str, str], Reader] = {
    ("mes_batch_record", "parameter"): _batch_row,
    ("mes_b2mml", "record"): _batch_record,
    ("qc_coa", "certificate"): _certificate,
    ("vi_cell_blu", "cell_count"): _counted,
    ("revvity_matrix", "matrix_count"): _well,
    ("processing_lab", "cryo"): _frozen,
    ("ln2_tank_log", "reading"): _tank,
}

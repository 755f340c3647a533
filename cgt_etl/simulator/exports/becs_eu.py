"""The weekly apheresis files of European blood centres: layout 2 of the partner layouts, one row per bag that came off the machine.

Latin-1, semicolons, decimal commas, German headings. What the system does not have (orders, chain of identity, reactions) is not in it; the
forms in which numbers are written vary by row and are no defects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cgt_etl.simulator import genealogy, numbers
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports._clock import by_its_clock
from cgt_etl.simulator.facts import Csv, DefectClass, Edge, Fact, Layout, Named, Record, Stated
from cgt_etl.simulator.model import Bag, Collection, Journey
from cgt_etl.simulator.parties import Network

DIN, GRID, MRN, DATE, START, END = "Spendenummer", "Spender-GRID", "Patienten-ID", "Datum", "Beginn", "Ende"
BLOOD, ANTICOAGULANT, HAEMOGLOBIN = "prozessiertes Blutvolumen [l]", "ACD-A [ml]", "Hb [mmol/l]"
DEVICE, VIABILITY = "Gerät", "Vitalität 7-AAD [%]"
COLUMNS = (
    DIN, "Präparatecode", "Teilung", GRID, MRN, DATE, START, END, DEVICE, BLOOD, ANTICOAGULANT, "Produktvolumen [ml]",
    "Leukozyten Produkt [G/l]", "CD34+ [/µl]", "CD34+ gesamt [x10^6]", "CD3+ gesamt [x10^8]", HAEMOGLOBIN, "Thrombozyten [G/l]", VIABILITY,
    "Kommentar",
)  # fmt: skip
DIALECT = "becs_eu"
FEEDS: Mapping[str, Layout] = {"apheresis": Csv("Apherese_{day:%G_KW%V}.csv", COLUMNS, delimiter=";", encoding="latin-1", decimal=",")}
G_PER_DL_OF_MMOL = 1.611
"""Haemoglobin as monomer."""
COMMENTS = ("", "", "", "Transport 2-8 °C", "Zugang links", "Kurier 14:00")


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """A row for each collection of the journey."""
    off_the_machine = {bag.din: bag for bag in reversed(journey.bags) if not bag.made_from}
    for run in sorted(map(by_its_clock, journey.collections), key=lambda one: (one.started, one.din)):
        bag = off_the_machine[run.din]
        yield _fact(journey, run, bag, _written(_row(run, bag), draws))


def _fact(journey: Journey, run: Collection, bag: Bag, record: Record) -> Fact:
    person = run.donor
    named: tuple[Named, ...] = ()
    if record[GRID]:
        named = (Named("donor_grid", "grid", "", person.grid, "donor", person.number),)
    elif record[MRN]:
        named = (Named("patient_mrn", "mrn", journey.hospital.partner, person.mrn, "recipient", person.number),)
    instants = (("apheresis_started", run.started), ("apheresis_completed", run.completed))
    whose = person.number if named else None
    return Fact(
        partner=run.blood_centre.partner,
        feed="apheresis",
        known=run.completed.date(),
        record=record,
        key=(run.din, bag.product_code, bag.division),
        journey=journey.number,
        persons=named,
        events=tuple(Stated(name, whose, f"{at:%Y-%m-%dT%H:%M}", numbers.utc(at), run.din) for name, at in instants),
        edges=(Edge("create", genealogy.donation(run.din), genealogy.cells(bag)),),
        objects=(("din", "", run.din),),
    )


def _row(run: Collection, bag: Bag) -> dict[str, str]:
    """Registry donors have a GRID; the system writes the patient's number for those alone who are collected for themselves."""
    is_registered = bool(run.donor.grid)
    return {
        DIN: run.din,
        "Präparatecode": bag.product_code,
        "Teilung": "" if bag.division == "00" else bag.division,
        GRID: run.donor.grid,
        MRN: run.donor.mrn if run.is_autologous and not is_registered else "",
        DATE: f"{run.started:%d.%m.%Y}",
        START: f"{run.started:%H:%M}",
        END: f"{run.completed:%H:%M}",
        DEVICE: run.device,
        BLOOD: _comma(run.blood_ml / 1000),
        ANTICOAGULANT: f"{run.anticoagulant_ml:.0f}",
        "Produktvolumen [ml]": f"{run.product_ml:.0f}",
        "Leukozyten Produkt [G/l]": _comma(run.product_wbc_e6_per_ml),
        "CD34+ [/µl]": _comma(run.pre_cd34) if run.pre_cd34 else "",
        "CD34+ gesamt [x10^6]": f"{run.cd34_yield / 1e6:.0f}" if run.cd34_yield else "",
        "CD3+ gesamt [x10^8]": _comma(round(run.cd3_yield / 1e8, 1)),
        HAEMOGLOBIN: _comma(round(run.haemoglobin[0] / G_PER_DL_OF_MMOL, 1)),
        "Thrombozyten [G/l]": f"{run.platelets[0]:.0f}",
        VIABILITY: _comma(run.viability),
        "Kommentar": "",
    }


def _comma(value: float) -> str:
    return f"{value:g}".replace(".", ",")


def _written(row: dict[str, str], draws: Draws) -> dict[str, str]:
    """The forms in which the centre's people write the same facts; all of them can be read."""
    pick = draws.random
    form = pick.choice((str, numbers.with_check, lambda din: f"{numbers.as_printed(din)} {numbers.check_character(din)}"))
    changed = {DIN: form(row[DIN]), "Kommentar": pick.choice(COMMENTS)}
    if row[GRID] and pick.random() < 0.5:
        changed[GRID] = _in_fours(row[GRID], pick.choice(" -"))
    return {**row, **changed}


def _in_fours(grid: str, between: str) -> str:
    return between.join((grid[:4], grid[4:8], grid[8:12], grid[12:16], grid[16:]))


def _plain(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def _cell(column: str, text: Callable[[str], str | None]) -> Callable[[Record, Draws], Record | None]:
    """A defect that changes one cell; none where `text` gives None."""

    def apply(record: Record, draws: Draws) -> Record | None:
        changed = text(record[column])
        return None if changed is None else {**record, column: changed}

    return apply


def _wrong_check(din: str) -> str:
    return numbers.with_wrong_check(_plain(din)[:13])


def _with_point(cell: str) -> str | None:
    return cell.replace(",", ".") if "," in cell else None


def _wrong_checksum(grid: str) -> str | None:
    bare = _plain(grid)
    return f"{bare[:17]}{(int(bare[17:]) + 1) % 37:02d}" if bare else None


def _in_g_per_l(cell: str) -> str:
    return _comma(round(float(cell.replace(",", ".")) * G_PER_DL_OF_MMOL * 10))


def _again(record: Record, draws: Draws) -> Record:
    return {**record, VIABILITY: _comma(round(float(record[VIABILITY].replace(",", ".")) - 1, 1))}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "apheresis": (
        DefectClass(
            "wrong_check_character", "R01", "row", None, 0.05, 0.12, _cell(DIN, lambda s: numbers.with_wrong_check(_plain(s)[:13]))
        ),
        DefectClass("wrong_grid_checksum", "R02", "row", None, 0.16, 0.32, _cell(GRID, _wrong_checksum)),
        DefectClass("year_of_two_digits", "D02", "row", None, 0.04, 0.08, _cell(DATE, lambda text: text[:6] + text[8:])),
        DefectClass("decimal_point", "D02", "cell", "wb_proc_l", 0.05, 0.1, _cell(BLOOD, _with_point)),
        DefectClass("mark_between_thousands", "D02", "cell", "acda_ml", 0.05, 0.1, _cell(ANTICOAGULANT, lambda text: f"1.{text[-3:]}")),
        DefectClass("unknown_device", "D04", "cell", "device", 0.05, 0.1, _cell(DEVICE, lambda _: "Optima?")),
        DefectClass("grams_per_litre", "D07", "flag", "hgb_mmol_l", 0.05, 0.1, _cell(HAEMOGLOBIN, _in_g_per_l)),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {"apheresis": _again}

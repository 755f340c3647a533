"""What the parties of the network say in their own formats, read back from the delivered files by hand, without the pipeline's readers."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from python_calamine import CalamineWorkbook

from cgt_etl.simulator.exports.wearable import PROGRAMME
from cgt_etl.simulator.sample import export_modules, simulate
from cgt_etl.simulator.world.network import NETWORK


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four nights without defects, forty journeys."""
    out = tmp_path_factory.mktemp("spoken")
    simulate(out, journeys=40, nights=4, seed=3, defects="none")
    return out / "inbox"


def test_whoever_speaks_a_dialect_that_is_played_is_heard(inbox: Path) -> None:
    played = {module.DIALECT for module in export_modules().values()}
    speakers = {party.partner for party in NETWORK.parties if played & set(party.dialects)}
    assert {path.name for path in inbox.glob("*/*")} == {*speakers, PROGRAMME}


def _messages(inbox: Path, kind: str) -> list[list[list[str]]]:
    """Messages of all nights in order, each a list of segments, each a list of fields."""
    found: list[list[list[str]]] = []
    for path in sorted(inbox.glob(f"*/harbor_hospital/*/{kind}_*.hl7")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("MSH|"):
                found.append([])
            found[-1].append(line.split("|"))
    return found


def test_a_corrected_count_comes_again_in_the_same_panel(inbox: Path) -> None:
    panels = defaultdict(list)
    for segments in _messages(inbox, "oru"):
        patient = next(one for one in segments if one[0] == "PID")[3]
        order = next(one for one in segments if one[0] == "OBR")
        panels[patient, order[4], order[7]].append({one[3]: (one[5], one[11]) for one in segments if one[0] == "OBX"})
    again = [said for said in panels.values() if len(said) > 1]
    assert again
    for first, second in again:
        assert first.keys() == second.keys()
        changed = {code for code in first if first[code] != second[code]}
        assert {second[code][1] for code in changed} <= {"C", "W"}
        assert all(first[code][1] == "F" for code in first)
        assert all(first[code][0] != second[code][0] for code in changed if second[code][1] == "C")


def test_a_merge_names_the_number_that_stays_and_the_one_under_which_the_patient_came_first(inbox: Path) -> None:
    messages = _messages(inbox, "adt")
    registered = {segments[2][3].split("^")[0] for segments in messages if segments[1][1] == "A04"}
    merges = [segments for segments in messages if segments[1][1] == "A40"]
    assert merges
    for segments in merges:
        ends, stays = segments[3][1].split("^")[0], segments[2][3].split("^")[0]
        assert ends != stays
        assert {ends, stays} <= registered


def test_european_files_are_latin_1_with_decimal_commas(inbox: Path) -> None:
    [*paths] = sorted(inbox.glob("*/rheinland_blutspendedienst/apheresis/Apherese_*_KW*.csv"))
    rows = [row for path in paths for row in csv.DictReader(path.read_text(encoding="latin-1").splitlines(), delimiter=";")]
    assert rows
    for row in rows:
        assert 3 < float(row["prozessiertes Blutvolumen [l]"].replace(",", ".")) < 40
        assert "." not in row["Hb [mmol/l]"]
        assert 3 < float(row["Hb [mmol/l]"].replace(",", ".")) < 12
        assert bool(row["Spender-GRID"]) != bool(row["Patienten-ID"])


def _sheets(inbox: Path) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Of every log, in the order of months: year and month of its name, name of its sheet, and a row."""
    for path in sorted(inbox.glob("*/kestrel_cell_laboratory/cryo/*.xlsx"), key=lambda path: path.name):
        book = CalamineWorkbook.from_path(path)
        [sheet] = book.sheet_names
        header, *rows = book.get_sheet_by_name(sheet).to_python()
        for row in rows:
            yield path.name.split("_")[2], sheet, dict(zip(map(str, header), row, strict=True))


def test_a_log_is_a_workbook_a_month_whose_final_sterility_is_entered_on_a_later_sheet(inbox: Path) -> None:
    said = defaultdict(list)
    for month, sheet, row in _sheets(inbox):
        assert sheet == f"{date(int(month[:4]), int(month[4:]), 1):%b}"
        said[row["Sample"], row["DIN/Comp"]].append((month, row["Steril"], row["TNC (x10^10)"]))
    assert said
    for rows in said.values():
        assert [sterility for _, sterility, _ in rows] in (["NGTD"], ["NG14"], ["NGTD", "NG14"])
        assert len({month for month, _, _ in rows}) == len(rows)
        assert len({cells for *_, cells in rows}) == 1


def _elements(inbox: Path, pattern: str, way: str) -> list[ElementTree.Element]:
    """Elements at `way` (local names) of all documents, in the order of nights; names without their namespace."""
    found = []
    for path in sorted(inbox.glob(pattern)):
        root = ElementTree.fromstring(path.read_bytes())
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        found += root.findall(way)
    return found


def test_a_batch_production_record_is_sent_whole_each_time_and_ends_approved_or_aborted(inbox: Path) -> None:
    records = _elements(inbox, "*/rowan_cell_works/record/*.xml", "DataArea/BatchProductionRecord")
    versions = defaultdict(list)
    for record in records:
        read = {
            (event.findtext("ProceduralElementReference"), event.findtext("Value/Key")): event.findtext("Value/ValueString")
            for event in record.findall("Events/Event[EventSubType='Process Data']")
        }
        versions[record.findtext("BatchID")].append((record.findtext("RecordStatus"), read))
    assert any(len(said) > 1 for said in versions.values())
    for said in versions.values():
        assert all(status == "In Process" for status, _ in said[:-1])
        for (_, before), (_, after) in pairwise(said):
            assert before.items() <= after.items()
    assert {said[-1][0] for said in versions.values()} >= {"Approved"}


def test_an_xml_event_says_what_the_json_event_of_another_courier_says(inbox: Path) -> None:
    events = _elements(inbox, "*/meridian_cold_chain/epcis/*.xml", "EPCISBody/EventList/*")
    steps = {event.findtext("bizStep") for event in events}
    assert {f"urn:epcglobal:cbv:bizstep:{step}" for step in ("packing", "shipping", "receiving")} <= steps
    packed = [event for event in events if event.findtext("bizStep", "").endswith("packing")]
    assert all(event.findall("childEPCs/epc") or event.findall("childQuantityList/quantityElement") for event in packed)
    received = [event for event in events if event.findtext("bizStep", "").endswith("receiving")]
    for event in received:
        report = event.find("sensorElementList/sensorElement/sensorReport")
        assert report is not None
        assert float(report.get("minValue", "")) < float(report.get("maxValue", ""))


def test_a_transport_system_tells_both_ends_by_the_clocks_of_the_airports(inbox: Path) -> None:
    forms = ("%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p")

    def read(text: str) -> datetime:
        return datetime.strptime(text, forms[text.endswith("M")])  # noqa: DTZ007  compared in one zone

    rows = [
        row
        for path in sorted(inbox.glob("*/meridian_air_freight/shipment/*.csv"))
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    ]
    assert rows
    for row in rows:
        assert int(row["AWB"].replace("-", "")[3:10]) % 7 == int(row["AWB"][-1])
        assert read(row["PU_SCHED"]) < read(row["PU_ACT"])
        if row["ORIG"] == row["DEST"] and row["POD"]:
            assert read(row["PU_ACT"]) < read(row["POD"])


def test_a_search_asks_for_the_donor_who_gives_and_each_request_comes_further(inbox: Path) -> None:
    requests = defaultdict(list)
    for path in sorted(inbox.glob("*/bridge_donor_registry/request/*.csv")):
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            requests[row["request_no"]].append(row)
    assert requests
    reached = ("requested", "typed", "examined", "cleared", "closed")
    for versions in requests.values():
        assert len({(row["grid"], row["patient_id"]) for row in versions}) == 1
        for before, after in pairwise(versions):
            assert all(after[day] == before[day] for day in reached if before[day])
        last = versions[-1]
        days = [last[day] for day in reached if last[day]]
        assert days == sorted(days)
        assert bool(last["reason"]) == (last["status"] in ("DEF", "CAN"))
    given = {
        row["Spender-GRID"].replace(" ", "").replace("-", "")
        for path in inbox.glob("*/rheinland_blutspendedienst/apheresis/*.csv")
        for row in csv.DictReader(path.read_text(encoding="latin-1").splitlines(), delimiter=";")
        if row["Spender-GRID"]
    }
    assert given <= {rows[0]["grid"].replace(" ", "") for rows in requests.values()}


def test_the_laboratory_counts_what_the_manufacturer_of_its_city_grows_and_logs_every_lid_that_it_opens(inbox: Path) -> None:
    counted = [
        row
        for path in sorted(inbox.glob("*/kestrel_cell_laboratory/cell_count/counts.csv"))
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    ]
    grown = {
        row["LOT"]
        for path in inbox.glob("*/hawthorn_cell_sciences/parameter/*.csv")
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    }
    assert counted
    assert {row["Sample ID"].replace("_", " ").split()[0] for row in counted} <= grown
    entries = [
        row
        for path in sorted(inbox.glob("*/kestrel_cell_laboratory/reading/39567300.CSV"))
        for row in csv.DictReader(path.read_text(encoding="latin-1").splitlines())
    ]
    assert entries
    assert sum(row["Status"] == "LO" for row in entries) * 2 == len(entries)
    assert all(row["Temp A"].endswith("°C") for row in entries)


def test_a_cord_unit_is_stored_then_reserved_for_a_recipient_then_sent_to_them(inbox: Path) -> None:
    units, sent = defaultdict(list), {}
    for path in sorted(inbox.glob("*/harvest_cord_bank/*/*.txt")):
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t"):
            din = row["UNIT_DIN"].replace(" ", "").lstrip("=")[:13]
            if path.parent.name == "unit":
                units[din].append(row)
            else:
                sent[din] = row
    assert sent
    for din, versions in units.items():
        assert [row["STATUS"] for row in versions] in (["AVAIL"], ["AVAIL", "RESV"], ["AVAIL", "SHIP"], ["AVAIL", "RESV", "SHIP"], ["SHIP"])
        last = versions[-1]
        assert bool(last["RESERVED_FOR"]) == (last["STATUS"] != "AVAIL")
        assert (din in sent) == (last["STATUS"] == "SHIP")
        assert float(last["TNC_POST_E8"]) < float(last["TNC_PRE_E8"])
    assert all(row["RECIPIENT"] == units[din][-1]["RESERVED_FOR"] for din, row in sent.items())

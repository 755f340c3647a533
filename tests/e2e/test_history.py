"""Four small nights of corrections, and a link that comes late: what stood after each night, what it rebuilt, and each night built again.

Night 1 states; night 2 corrects and takes back; night 3 joins what night 1 held apart; night 4 brings a file older than what it would
change.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.e2e.conftest import Few, Home

pytestmark = pytest.mark.slow

CENTRE = "northgate_blood_centre/apheresis"
COLUMNS = (
    "DIN,PROD_CD,DIV,DNR_NO,PT_MRN,ORDER_REF,COI,PROC_DT,PROC_START,PROC_END,PROC_TYPE,DEVICE,TBV_ML,INLET_VOL_ML,WB_PROC_L,ACDA_USED_ML,"
    "AC_RATIO,RUN_MIN,PRD_VOL_G,PRD_WBC_K_UL,TNC_E8,CD3_YIELD_E9,PRE_CD3_UL,CE2_PCT,HGB_PRE,HGB_POST,PLT_PRE,PLT_POST,VIAB,FRZ_YN,RXN_CD"
)
SCAN = {"type": "ObjectEvent", "action": "OBSERVE", "epcList": ["urn:epc:id:sscc:9999999.0000000008"], "eventTimeZoneOffset": "-05:00"}
DECLARED = {"declarationTime": "2025-11-08T00:00:00Z", "reason": "incorrect_data", "correctiveEventIDs": ["urn:uuid:3"]}
REGISTRY = (
    "crid,f4000_prodname,cellprodid,batchno,lotno,infdate,entirevol,dose_e8,wt_kg,crsmax,crsscale,neurotox,bestresp,bestresp_scale,anc500dt,"
    "survstat,lastcontact"
)


def run_of(din: str, donor: str, mrn: str = "") -> str:
    """A row of the blood centre's file."""
    at, counts = "11/05/2025,09:05,12:30,CMNC,Amicus", "4459,7450,6.85,596,12:1,187,255,37.9,91.3,1.32,400,51.5,12.5,12.1,192,115,97.9,N,"
    return f"{din},A0001100,00,{donor},{mrn},,,{at},{counts}"


def observed(patient: str, what: str, value: float, status: str = "final") -> str:
    """A haemoglobin of a patient of the first hospital."""
    coding = [{"system": "http://loinc.org", "code": "718-7", "display": "Hemoglobin [Mass/volume] in Blood"}]
    resource = {
        "resourceType": "Observation", "id": f"{patient}-{what}", "status": status, "code": {"coding": coding},
        "subject": {"reference": f"Patient/{patient}"}, "effectiveDateTime": "2025-11-04T07:30:00-05:00",
        "valueQuantity": {"value": value, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
    }  # fmt: skip
    return json.dumps(resource)


def patient(id_: str, mrn: str) -> str:
    numbers = [{"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}, "value": mrn}]
    return json.dumps({"resourceType": "Patient", "id": id_, "identifier": numbers, "gender": "female", "birthDate": "1970-01-02"})


def message(number: int, at: str, results: dict[str, tuple[str, str]]) -> str:
    """A message of the second hospital's laboratory: name of a result -> its value and status (OBX-11)."""
    head = f"MSH|^~\\&|LAB|HARBOR|V2V|PLATFORM|{at}||ORU^R01|{number}|P|2.5\rPID|1||0740-741^^^HARBOR^MR||DOE^J||19740716|M\r"
    lines = [f"OBX|1|NM|{name}^^99LAB||{value}|{UNITS[name]}|||||{status}\r" for name, (value, status) in results.items()]
    return head + "OBR|1|||CBC^BLOOD COUNT^99LAB|||202511070730\r" + "".join(lines)


UNITS = {"HGB": "g/dL", "WBCA": "x10E3/uL", "PLTCT": "x10E3/uL", "LYAB": "x10E3/uL"}


def scan(step: str, at: str, **more: Any) -> str:
    return json.dumps({**SCAN, "bizStep": step, "eventTime": at, **more})


def outcome(crid: str) -> str:
    return f"{crid},Unacel,,B25-0000{crid[-1]},L-B25-0000{crid[-1]},2025-12-05,Yes,1.40,68.6,1,ASTCT,0,,,,1,2026-01-12"


NIGHTS: dict[str, dict[str, list[str]]] = {
    "0001": {
        "lakeside_hospital/patient/Patient.ndjson 1": [patient("p-1", "7700001"), patient("p-2", "7700002")],
        "lakeside_hospital/observation/Observation.ndjson 1": [
            observed("p-1", "amended", 9.0), observed("p-1", "kept", 9.5),
            observed("p-2", "mistaken", 10.0), observed("p-2", "corrected", 10.5),
        ],
        f"{CENTRE}/apheresis_20251106.csv": [COLUMNS, run_of("A999925000001", "D1"), run_of("A999925000002", "D2")],
        "harbor_hospital/result/oru_20251107.hl7": [
            message(1, "202511070930", {"HGB": ("10.8", "F"), "WBCA": ("4.7", "F"), "PLTCT": ("122", "F"), "LYAB": ("1.3", "F")}),
        ],
        "swiftline_couriers/epcis/epcis_20251107.jsonl": [
            scan("shipping", "2025-11-06T20:00:00Z", eventID="urn:uuid:1"), scan("receiving", "2025-11-07T10:00:00Z", eventID="urn:uuid:2"),
        ],
        "cell_outcomes_registry/outcome/reg_20260201.csv": [REGISTRY, outcome("1234501"), outcome("1234502")],
    },
    "0002": {
        "lakeside_hospital/observation/Observation.ndjson 3": [
            observed("p-1", "amended", 9.2, "amended"), observed("p-2", "mistaken", 10.0, "entered-in-error"),
            observed("p-2", "corrected", 10.7, "corrected"),
        ],
        "harbor_hospital/result/oru_20251108.hl7": [
            message(2, "202511081000", {"HGB": ("11.1", "C"), "WBCA": ("4.7", "F"), "PLTCT": ("", "D"), "LYAB": ("1.3", "W")}),
        ],
        "swiftline_couriers/epcis/epcis_20251108.jsonl": [
            scan("shipping", "2025-11-06T20:00:00Z", eventID="urn:uuid:1", errorDeclaration=DECLARED),
            scan("shipping", "2025-11-06T21:15:00Z", eventID="urn:uuid:3"),
        ],
        "cell_outcomes_registry/outcome/reg_20260301.csv": [REGISTRY, outcome("1234501")],
    },
    "0003": {f"{CENTRE}/apheresis_20251110.csv": [COLUMNS, run_of("A999925000003", "D1", "7700001")]},
    "0004": {"lakeside_hospital/observation/Observation.ndjson 2": [observed("p-1", "amended", 9.9), observed("p-1", "older", 8.8)]},
}  # fmt: skip
"""Night -> file (and, of a feed that names no sequence, that of its envelope) -> its lines."""


def _deliver(inbox: Path, *nights: str) -> None:
    for night in nights:
        for said, lines in NIGHTS[night].items():
            name, _, sequence = said.partition(" ")
            path = inbox / night / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(line if line.endswith("\r") else f"{line}\n" for line in lines), encoding="utf-8", newline="")
            if sequence:
                (path.parent / "envelope.json").write_text(json.dumps({"sequence": f"2025-11-0{sequence}T03:00:00Z"}), encoding="utf-8")


@dataclass(frozen=True)
class History:
    """The home after four nights; of the second and third, what they rebuilt and of which component each record was in the end."""

    home: Home
    touched: dict[str, set[str]]
    components: dict[str, dict[str, str]]
    """Night -> delivered file and position -> component of the record."""

    def release(self, night: str) -> Path:
        return self.home.path / "releases" / json.loads((self.home.path / "nights" / f"{night}.json").read_text())["release_id"]

    def rows(self, night: str, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.release(night) / "warehouse.duckdb"), read_only=True) as warehouse:
            return warehouse.execute(query).fetchall()


@pytest.fixture(scope="module")
def history(few: Few, tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("history")
    made = History(few.at(folder / "home", folder / "inbox"), {}, {})
    first, *later, last = NIGHTS
    _deliver(made.home.inbox, first, *later)
    made.home.run()
    for night in later:  # two builds are kept: these
        with duckdb.connect() as connection:
            connection.execute(f"attach '{made.home.path}/builds/{made.release(night).name}.duckdb' as build (read_only)")
            made.touched[night] = {one for (one,) in connection.execute("from build.control.touched_component").fetchall()}
            made.components[night] = dict(
                connection.execute(
                    "select d.source_name || ':' || r.source_row, r.component_id from build.identity.record r "
                    "join build.control.delivery d using (source_delivery) where r.source_item = 0 and r.is_current"
                ).fetchall()
            )
    _deliver(made.home.inbox, last)
    made.home.run()
    return made


HAEMOGLOBIN = "select value from measurement where measurement = 'pb_hgb' and source_delivery like '{}%' order by 1"


def test_results_that_a_hospital_amends_corrects_or_takes_back(history: History) -> None:
    lakeside = HAEMOGLOBIN.format("lakeside")
    assert history.rows("0001", lakeside) == [(9.0,), (9.5,), (10.0,), (10.5,)]
    assert history.rows("0002", lakeside) == [(9.2,), (9.5,), (10.7,)]
    told = history.rows("0002", "select value, status_code from measurement where value in (9.2, 9.5, 10.7) order by 1")
    assert told == [(9.2, "amended"), (9.5, "final"), (10.7, "corrected")]


def test_an_older_file_that_comes_later_changes_nothing_that_was_said_since(history: History) -> None:
    assert history.rows("0004", HAEMOGLOBIN.format("lakeside")) == [(8.8,), (9.2,), (9.5,), (10.7,)]


def test_results_of_a_laboratory_with_status_c_d_and_w(history: History) -> None:
    harbor = "select measurement, value, status_code from measurement where source_delivery like 'harbor%' order by 1"
    assert [(value, status) for _, value, status in history.rows("0001", harbor)] == [
        (1.3, "final"), (10.8, "final"), (122.0, "final"), (4.7, "final"),
    ]  # fmt: skip
    assert [(value, status) for _, value, status in history.rows("0002", harbor)] == [(11.1, "corrected"), (4.7, "final")]


def test_an_event_declared_an_error_gives_way_to_the_one_that_corrects_it(history: History) -> None:
    moved = "select event_type, strftime(occurred_at_utc, '%H:%M') from event where event_type like 'shipment%' order by 1"
    assert history.rows("0001", moved) == [("shipment_dispatched", "20:00"), ("shipment_received", "10:00")]
    assert history.rows("0002", moved) == [("shipment_dispatched", "21:15"), ("shipment_received", "10:00")]


def test_what_a_snapshot_no_longer_holds_is_gone(history: History) -> None:
    infusions = "select count(*) from administration"
    assert [history.rows(night, infusions) for night in ("0001", "0002")] == [[(2,)], [(1,)]]


def test_a_late_link_rebuilds_the_two_that_it_joins_and_nothing_else(history: History) -> None:
    before, after = history.components["0002"], history.components["0003"]
    donor, patient_ = "apheresis_20251106.csv:2", "Patient.ndjson:1"
    link, others = "apheresis_20251110.csv:2", ["apheresis_20251106.csv:3", "Patient.ndjson:2", "epcis_20251107.jsonl:2"]
    assert before[donor] != before[patient_]
    assert after[donor] == after[patient_] == after[link]
    assert [after[one] for one in others] == [before[one] for one in others]
    of_night = {one for one in history.touched["0003"] if not one.startswith("delivery:")}
    assert of_night == {before[donor], before[patient_], after[link]}
    assert len(history.touched["0003"] - of_night) == 1, "and the delivery itself"
    joined = "select count(distinct donor_subject_id), count(recipient_subject_id) from collection"
    assert history.rows("0003", joined) == [(2, 1)]


@pytest.mark.parametrize("night", ["0002", "0004"])
def test_a_night_built_again_is_what_was_released_that_night(night: str, history: History, tmp_path: Path) -> None:
    """After corrections, and after all of it, under another hash seed; `make history` builds each of thirty nights again."""
    history.home.cli("release", "build", "--as-of", str(int(night)), "--out", str(tmp_path / "again"), anew=night == "0004")
    assert history.home.tables(tmp_path / "again") == history.home.tables(history.release(night))

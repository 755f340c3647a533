"""Bad input is answered in one clear sentence, with partner, feed, file, position and rule, and no value; the night goes on."""

from __future__ import annotations

import duckdb
import pytest

from tests.e2e.conftest import Few, Home, of_the_few, simulate

pytestmark = pytest.mark.slow

HEADER_AND_ROW = (
    (
        "DIN,PROD_CD,DIV,DNR_NO,PT_MRN,ORDER_REF,COI,PROC_DT,PROC_START,PROC_END,PROC_TYPE,DEVICE,TBV_ML,INLET_VOL_ML,WB_PROC_L,ACDA_USED_ML,"
        "AC_RATIO,RUN_MIN,PRD_VOL_G,PRD_WBC_K_UL,TNC_E8,CD3_YIELD_E9,PRE_CD3_UL,CE2_PCT,HGB_PRE,HGB_POST,PLT_PRE,PLT_POST,VIAB,FRZ_YN,RXN_CD"
    ),
    (
        "A999925000777,S1128100,00,,00777456,ORD-1,,{date},08:20,12:05,CMNC,Optia,4980,10240,9.4,840,"
        "12:1,225,198,26.1,48.8,2.12,512,45.2,11.2,10.9,142,98,98,N,"
    ),
)
SECRET = "SECRETVALUE"


@pytest.fixture(scope="module")
def answered(few: Few, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """One night with every kind of bad file beside a good one, and what the terminal said."""
    folder = tmp_path_factory.mktemp("bad")
    of_the_few(simulate(folder / "good", journeys=4, nights=1), folder / "inbox")
    apheresis = folder / "inbox" / "0001" / "northgate_blood_centre" / "apheresis"
    header, row = HEADER_AND_ROW[0], HEADER_AND_ROW[1].format(date="11/02/2025")

    def deliver(day: int, text: str) -> None:
        (apheresis / f"apheresis_202609{day:02d}.csv").write_text(text)

    deliver(1, "\n".join(line.replace(",RUN_MIN", "").replace(",225", "") for line in (header, row)) + "\n")  # missing column
    deliver(2, f"{header},SURPRISE\n{row},{SECRET}\n")  # extra column
    deliver(3, f"{header}\n{row}\n".replace(",", ";"))  # wrong delimiter
    deliver(4, "")  # empty file
    deliver(5, f"{header}\n{HEADER_AND_ROW[1].format(date='02/30/2025')}\n")  # impossible date
    deliver(6, f"{header}\n{row},{SECRET},too,many\n")  # wrong shape
    observation = folder / "inbox" / "0001" / "lakeside_hospital" / "observation"
    observation.mkdir(parents=True, exist_ok=True)
    unknown_unit = (
        '{"resourceType":"Observation","id":"bad-unit-1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1988-5",'
        '"display":"C reactive protein [Mass/volume] in Serum or Plasma"}]},"subject":{"reference":"Patient/p-1"},'
        f'"effectiveDateTime":"2025-11-24T06:00:00-05:00","valueQuantity":{{"value":4.1,"unit":"{SECRET}","code":"{SECRET}"}}}}'
    )
    name = next(iter(sorted(observation.glob("*.ndjson")))).name if any(observation.glob("*.ndjson")) else "Observation.20260907.ndjson"
    (observation / name).write_text(f'{unknown_unit}\n{{"resourceType":"Observation","id":"{SECRET}\n')  # unknown unit, broken JSON line
    nobody = folder / "inbox" / "0001" / "nobody_known" / "apheresis"
    nobody.mkdir(parents=True)
    (nobody / "apheresis_20260901.csv").write_text(f"{header}\n{row}\n")
    partners = folder / "partners"
    (partners / "broken_partner").mkdir(parents=True)
    (partners / "broken_partner" / "partner.yaml").write_text("partner: broken_partner\nnmae: Broken\n")
    home = few.at(folder / "home", folder / "inbox", partners=partners)
    done = home.run()
    return home, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("apheresis_20260901.csv", ["RUN_MIN", "missing", "rule F02"]),
        ("apheresis_20260902.csv", ["SURPRISE", "rule F02"]),
        ("apheresis_20260903.csv", ["delimiter", "rule F01"]),
        ("apheresis_20260904.csv", ["empty", "rule F01"]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_reason(answered: tuple[Home, str], file: str, words: list[str]) -> None:
    lines = [line for line in answered[1].splitlines() if file in line and line.lstrip().startswith("refused:")]
    assert lines, answered[1]
    assert all(word in lines[0] for word in words), lines
    assert "northgate_blood_centre" in lines[0]


def test_an_unknown_partner_and_a_broken_partner_folder_are_named(answered: tuple[Home, str]) -> None:
    unknown = [line for line in answered[1].splitlines() if "nobody_known" in line and "unknown partner" in line]
    assert unknown, answered[1]
    assert "rule F04" in unknown[0]
    assert any("broken_partner" in line and "nmae" in line for line in answered[1].splitlines()), answered[1]


def test_rows_and_cells_are_set_aside_with_position_and_rule(answered: tuple[Home, str]) -> None:
    told = answered[0].cli("quarantine", "list", "--items").stdout
    rows = [line for line in told.splitlines() if "apheresis_20260905.csv" in line]
    assert any("D02" in line and "position 2," in line for line in rows), told
    assert any("apheresis_20260906.csv" in line and "D01" in line for line in told.splitlines()), told
    assert any("observation" in line and "D05" in line for line in told.splitlines()), told
    assert any("observation" in line and "D01" in line for line in told.splitlines()), told
    assert SECRET not in told


def test_no_answer_holds_a_value_and_the_good_files_are_released(answered: tuple[Home, str]) -> None:
    home, said = answered
    assert SECRET not in said
    with duckdb.connect() as connection:
        [(collections,)] = connection.sql(f"select count(*) from '{home.release}/tables/collection/*.parquet'").fetchall()
    assert collections >= 2
    assert said.count("Traceback") == 0


def test_a_person_with_the_key_sees_what_was_set_aside(answered: tuple[Home, str]) -> None:
    home = answered[0]
    with duckdb.connect() as connection:
        [(delivery, position)] = connection.sql(
            f"select source_delivery, source_row from '{home.release}/tables/finding/*.parquet' "
            "where rule_id = 'D01' and source_delivery like 'lakeside_hospital/observation/%' limit 1"
        ).fetchall()
    assert SECRET in home.cli("quarantine", "show", delivery, str(position)).stdout
    home.cli("quarantine", "show", delivery, str(position), CGT_MASTER_KEY="A" * 43 + "=", expect=2)

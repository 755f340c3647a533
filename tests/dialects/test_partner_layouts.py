"""The samples begin with the records of the layouts that the project was given, line by line: what becomes of them is `expected.yaml`'s.

Layouts 3 and 7 are workbooks, whose cells `processing_samples` and `coa_samples` hold; layout 11 is third-party files.
"""

from __future__ import annotations

import json
import re

import pytest

from cgt_etl.settings import PACKAGE, REPOSITORY

LAYOUTS = REPOSITORY.parent / "shared" / "domain" / "partner_layouts.md"
pytestmark = pytest.mark.skipif(not LAYOUTS.is_file(), reason="../shared is not there")
SAMPLES = {
    1: ["becs_us/samples/apheresis_20251123.csv"],
    2: ["becs_eu/samples/Apherese_2025_KW47.csv"],
    4: ["ehr_fhir_r4/samples/Observation.ndjson"],
    5: ["ehr_hl7v2/samples/oru_20251102.hl7"],
    6: ["mes_batch_record/samples/batch_params_20251204.csv"],
    8: ["courier_epcis/samples/epcis_20251105.jsonl"],
    9: ["courier_tms/samples/tms_20251105.csv", "courier_logger/samples/logger_LT88213_202511052130.csv"],
    10: ["registry_ct/samples/reg_20260401.csv"],
    12: ["ln2_tank_log/samples/39567300.CSV"],
}
LATIN = {2, 12}


def _bare(line: str) -> str:
    """A resource without the id that the layout leaves out and every server gives; any other line as it is."""
    try:
        resource = json.loads(line)
    except ValueError:
        return line
    if not isinstance(resource, dict):
        return line
    resource.pop("id", None)
    return json.dumps(resource)


@pytest.mark.parametrize("number", sorted(SAMPLES))
def test_the_samples_hold_every_line_of_the_layout(number: int) -> None:
    found = re.search(rf"^## {number} .*?```\n(.*?)```", LAYOUTS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    of_the_layout = [_bare(line) for line in found.group(1).splitlines() if line != "---"]
    texts = [(PACKAGE / "dialects" / sample).read_bytes().decode("latin-1" if number in LATIN else "utf-8") for sample in SAMPLES[number]]
    held = [_bare(line) for text in texts for line in re.split(r"\r\n|\r|\n", text)]
    assert [line for line in held if line in set(of_the_layout)] == of_the_layout

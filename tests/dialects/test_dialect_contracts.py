"""What the shipped contracts promise about identifiers, privacy and elements of the real exports."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cgt_etl.contracts.formats import NdjsonFormat
from cgt_etl.contracts.load import Feed
from cgt_etl.contracts.registry import Registry
from cgt_etl.settings import PACKAGE, REPOSITORY, Settings

BULK = REPOSITORY.parent / "shared" / "real" / "fhir_bulk_synthea10"
REGISTRY = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "partners", PACKAGE / "real_sources")))
FHIR_FEEDS = [feed for feed in REGISTRY.feeds if feed.dialect == "ehr_fhir_r4"]


def test_every_folder_is_healthy() -> None:
    assert REGISTRY.unhealthy == []
    assert {feed.dialect for feed in REGISTRY.feeds} >= {"becs_us", "ehr_fhir_r4", "registry_ct", "uci_bmt"}


def test_layouts_are_whole() -> None:
    columns = {(feed.dialect, feed.name): len(feed.objects[0].columns) for feed in REGISTRY.feeds}
    assert columns["becs_us", "apheresis"] == 31 + 3  # CD34_E6_KG, POST_CD3_UL and EXP_DT, which the layout lacks
    assert columns["becs_eu", "apheresis"] == 20 + 1  # Hb [g/l] in place of Hb [mmol/l]
    assert columns["cord_bank", "unit"] == 38
    assert columns["cord_bank", "shipment"] == 13
    assert columns["donor_registry", "request"] == 21
    assert columns["courier_tms", "shipment"] == 11
    assert columns["courier_custody", "custody"] == 32
    assert columns["order_portal", "order"] == 16
    assert columns["vi_cell_blu", "cell_count"] == 34
    assert columns["revvity_matrix", "matrix_count"] == 14
    assert columns["flow_cytometry", "acquisition"] == 23
    assert columns["revvity_matrix", "matrix_workbook"] == 14
    assert columns["revvity_matrix", "cellaca_count"] == columns["revvity_matrix", "cellaca_workbook"] == 25
    assert columns["ctl_immunospot", "spot_text"] == 23
    assert columns["ctl_immunospot", "spot_table"] == 24
    assert columns["apheresis_device", "run"] == 20
    assert columns["qiacuity_dpcr", "dpcr"] == 15
    assert columns["qiacuity_dpcr", "dpcr_mean"] == 17
    assert columns["qiacuity_dpcr", "dpcr_undiluted"] == 26
    assert columns["processing_lab", "cryo"] == 21 + 1  # MNC %
    assert columns["ln2_tank_log", "reading"] == 13
    assert columns["freezer_log", "freezer_reading"] == 12
    assert columns["freezer_log", "freeze_run"] == 9
    assert columns["registry_ct", "outcome"] == 17 + 1  # priorlines, which the layout lacks
    assert columns["uci_bmt", "transplant"] == 37
    assert columns["qc_coa", "certificate"] == 10 + 4  # Mfg start:, Market:, Containers: and Expiry:
    assert columns["mes_batch_record", "parameter"] == 11 + 1 + 3  # RM_IN is read twice; the layout lacks VEC_EXP, PROC_VER and EQUIP


def test_person_identifiers_never_stay_and_name_whose_they_are() -> None:
    for feed in REGISTRY.feeds:
        for spec in feed.objects:
            stated_of = {column.extension.states.column for column in spec.columns if column.extension.states}
            for column in spec.columns:
                if column.extension.identifier in {"mrn", "crid", "donor_id", "fhir_patient_id", "coi", "grid"}:
                    assert column.extension.action == "token", column.name
                    tells_apart = column.name in {"patient_number", "merged_number"}
                    is_spoken_of = bool(column.extension.states) or column.name in stated_of
                    assert tells_apart or is_spoken_of or column.extension.person, column.name
                    assert not (tells_apart and column.extension.person), column.name


def test_only_the_autologous_export_says_that_donor_and_recipient_are_one() -> None:
    both = [
        (feed.dialect, feed.name, column.name)
        for feed in REGISTRY.feeds
        for spec in feed.objects
        for column in spec.columns
        if column.extension.person == "both"
    ]
    assert both == [("becs_us", "apheresis", "donor_no")]


def test_issuers_of_shared_numbers_are_partners() -> None:
    for partner in REGISTRY.partners.values():
        for spoken in partner.speaks:
            for kind, issuer in spoken.issuers.items():
                assert kind in {issue.kind for issue in REGISTRY.partners[issuer].issues}, (partner.partner, kind)


def test_hospitals_strip_the_reference_prefix() -> None:
    for binding in REGISTRY.bindings:
        if binding.feed.dialect == "ehr_fhir_r4":
            form = REGISTRY.canonical_form("fhir_patient_id", binding.partner.partner)
            assert (form.strip_prefix, form.upper) == ("Patient/", False)


@pytest.mark.real
@pytest.mark.parametrize("feed", FHIR_FEEDS, ids=lambda feed: feed.name)
def test_every_element_of_the_real_export_is_read_or_named_with_a_reason(feed: Feed) -> None:
    if not BULK.is_dir():
        pytest.skip("../shared/real is not here")
    assert isinstance(feed.extension.file, NdjsonFormat)
    known = set(feed.extension.ignored_elements)
    known |= {spec.extension.explode for spec in feed.objects if spec.extension.explode}
    known |= {re.split(r"[.\[]", column.physical_name)[0] for spec in feed.objects for column in spec.columns}
    path = BULK / f"{feed.extension.file.resource_type}.000.ndjson"
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        assert not (set(json.loads(line)) - known if line.strip() else set())

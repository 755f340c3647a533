"""Every released table and column has a sharing action, and what is proprietary or private has none that shares it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cgt_etl.egress import policy
from cgt_etl.egress.policy import Drop, Withheld
from cgt_etl.errors import DeclarationError
from cgt_etl.release import marts
from cgt_etl.release.described import NEVER_RELEASED

POLICY = policy.load()
RELEASED = {mart.name: [column.name for column in mart.columns] for mart in marts.load()}


def test_every_released_column_has_a_sharing_action() -> None:
    unspoken = policy.unspoken(POLICY, RELEASED)
    assert unspoken == [], (
        "these are shared with nobody until cgt_etl/egress/policy.yaml gives each an action: a code is `category`, an id `key`, "
        "a date `day`, an age `age`, a place `site`, a figure `keep`, `{band: width}` or `{digits: n}`; when in doubt `{drop: why}`, "
        "or for a whole table `{withheld: why}`"
    )


def test_the_policy_names_nothing_that_is_not_released() -> None:
    gone = sorted(set(POLICY.tables) - set(RELEASED))
    gone += [f"{name}.{column}" for name, table in POLICY.shared.items() for column in table.columns if column not in RELEASED[name]]
    gone += [column for column in POLICY.everywhere if not any(column in columns for columns in RELEASED.values())]
    assert gone == [], "take these out of cgt_etl/egress/policy.yaml"


def test_dates_are_days_and_identifying_columns_are_tokens_or_absent() -> None:
    """By the privacy class that the models state: a `date` is never shared as it is; direct, free text and proprietary ones not at all."""
    for mart in marts.load():
        table = POLICY.tables[mart.name]
        if isinstance(table, Withheld):
            continue
        for column in mart.columns:
            action = table.columns.get(column.name, POLICY.everywhere.get(column.name))
            if column.privacy == "date":
                assert action == "day" or isinstance(action, Drop), f"{mart.name}.{column.name}"
            if column.privacy in {*NEVER_RELEASED, "proprietary"}:
                assert isinstance(action, Drop), f"{mart.name}.{column.name}"
            if column.name.endswith("_id") and column.name != "rule_id":
                assert action in ("key", "site") or isinstance(action, Drop), f"{mart.name}.{column.name}"
            if column.name == "age_years":
                assert action == "age", f"{mart.name}.{column.name}"


@pytest.mark.rule("R53")
def test_what_is_private_by_default_is_shared_with_nobody() -> None:
    private = {mart.name for mart in marts.load() if "private by default" in mart.meaning.lower()}
    assert private >= {"process_series", "material_lot"}
    assert not private & set(POLICY.shared)
    assert isinstance(POLICY.shared["batch"].columns["process_version"], Drop)


def test_the_policy_and_the_models_call_the_same_columns_proprietary() -> None:
    """What the policy keeps back as a maker's own has that privacy class; of a table withheld as one, all that it tells of the making."""
    for mart in marts.load():
        table = POLICY.tables[mart.name]
        for column in mart.columns:
            name = f"{mart.name}.{column.name}"
            if isinstance(table, Withheld):
                is_key = column.name in mart.primary_key or column.privacy in ("quasi", "date")
                is_known = is_key or column.name in (*POLICY.everywhere, "product_name_code", "jurisdiction_code")
                assert table.withheld != "proprietary" or is_known or column.privacy == "proprietary", name
            else:
                action = table.columns.get(column.name, POLICY.everywhere.get(column.name))
                assert (isinstance(action, Drop) and action.drop.startswith("proprietary")) == (column.privacy == "proprietary"), name


def test_a_table_hangs_on_tables_that_come_before_it() -> None:
    """What is read from top to bottom is true: an id that a table hangs on is the id of a table above it."""
    ids: set[str] = set()
    for name, table in POLICY.shared.items():
        own = {table.id} if table.id else set()
        hung = {column.removeprefix("donor_").removeprefix("recipient_") for column in table.hangs_on} - {"parent_key", "child_key"}
        assert hung <= ids | own, name
        ids |= own


@pytest.mark.parametrize(
    "change",
    [
        {"tables": {"subject": {"id": "subject_id", "columns": {"subject_id": "publish"}}}},
        {"tables": {"subject": {"id": "subject_id", "columns": {"sex_code": "category"}}}},
        {"tables": {"subject": {"columns": {"sex_code": "category"}}}},
        {"tables": {"subject": {"withheld": ""}}},
        {"purposes": {"research": {"scope": ["research"], "terms": []}}},
    ],
)
def test_a_policy_that_says_what_no_policy_may_say_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump({"version": "1", "index": [], "purposes": {}, "everywhere": {}, "tables": {}} | change))
    with pytest.raises(DeclarationError, match=r"policy\.yaml"):
        policy.load(file)

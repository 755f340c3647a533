"""Pairs of persons whom no identifier joins, but whose names, birth dates, sexes and postcodes agree: for a steward to look at.

Splink scores them (Fellegi and Sunter's model, on DuckDB) from the tokens that the door made of several forms of each value. Never joins
anybody: what comes out is a table of its own, which the rest of identity and dbt do not read. Sees tokens only.

Everything about the model is fixed here, nothing is learnt from the data: the same records give the same proposals, and a network too
small to learn from has them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

MOST_PER_BLOCK = 40
"""Persons that share a blocking key. A key of more says too little to compare them all and is left out, so pairs stay below 20 per person
and key."""
MOST_PROPOSALS = 5_000
"""The heaviest are kept. A steward who has done these gets the next."""
LEAST_WEIGHT = 3.0
"""log2 of the odds that a pair is one person: 8 to 1."""
PRIOR = 1e-4
"""Of two persons taken at random; chosen."""

_FORMS = {
    "family_name": ("full", "phonetic", "start"),
    "given_name": ("full", "phonetic", "start"),
    "birth_date": ("day", "transposed", "month_day", "year"),
    "sex": ("full",),
    "postcode": ("full", "area"),
}
"""Demographic -> the forms that the door gives of it (`door.demographics`). Column of a profile: `<demographic>_<form>`."""

_BLOCKS = {
    "family_and_day": ("family_name_phonetic", "birth_date_day"),
    "given_and_day": ("given_name_start", "birth_date_day", "sex_full"),
    "names_and_year": ("family_name_full", "given_name_full", "birth_date_year"),
    "family_and_month_day": ("family_name_phonetic", "birth_date_month_day"),
    "transposed_day": (
        "family_name_start",
        "least(birth_date_day, birth_date_transposed)",
        "greatest(birth_date_day, coalesce(birth_date_transposed, birth_date_day))",
    ),
    "changed_about": ("least(family_name_full, given_name_full)", "greatest(family_name_full, given_name_full)", "birth_date_day"),
}
"""Name of a blocking key -> what it is made of. Two persons are compared where they share one."""


_TWO_PERSONS = "l.role = r.role and l.subject_id <> r.subject_id"


class Level(NamedTuple):
    """One way in which two values agree. `m`: how often records of one person do, `u`: how often records of two do."""

    name: str
    condition: str
    m: float
    u: float


def _same(column: str) -> str:
    return f"{column}_l = {column}_r"


_ABOUT = "family_name_full_l = given_name_full_r and given_name_full_l = family_name_full_r"
_COMPARISONS: dict[str, tuple[str, tuple[Level, ...]]] = {
    "family_name": (
        "family_name_start",
        (
            Level("full", _same("family_name_full"), 0.85, 0.002),
            Level("changed_about", _ABOUT, 0.01, 0.0005),
            Level("phonetic", _same("family_name_phonetic"), 0.06, 0.002),
            Level("start", _same("family_name_start"), 0.03, 0.01),
        ),
    ),
    "given_name": (
        "given_name_start",
        (
            Level("full", _same("given_name_full"), 0.70, 0.01),
            Level("changed_about", _ABOUT, 0.01, 0.001),
            Level("phonetic", _same("given_name_phonetic"), 0.04, 0.005),
            Level("start", _same("given_name_start"), 0.15, 0.06),
        ),
    ),
    "birth_date": (
        "birth_date_year",
        (
            Level("day", _same("birth_date_day"), 0.93, 0.00004),
            Level("transposed", "birth_date_day_l = birth_date_transposed_r", 0.01, 0.00004),
            Level("month_day", _same("birth_date_month_day"), 0.02, 0.0027),
            Level("year", _same("birth_date_year"), 0.01, 0.0125),
        ),
    ),
    "sex": ("sex_full", (Level("full", _same("sex_full"), 0.98, 0.5),)),
    "postcode": (
        "postcode_area",
        (Level("full", _same("postcode_full"), 0.60, 0.0005), Level("area", _same("postcode_area"), 0.15, 0.01)),
    ),
}
"""Demographic -> (a column without which nothing can be compared, its levels from the strongest down; what is left is no agreement).

`u` follows from counting: a day of birth among 80 years and 365 days, two sexes, a surname in a mixed population about one in five hundred,
a given name one in a hundred, an initial one in sixteen, a postcode one in two thousand. `m` is chosen: how often hospitals type a value
alike, in the range that studies of patient matching report. See docs/adr/0014.
"""


def propose(con: duckdb.DuckDBPyConnection, files: dict[str, str], apart: Iterable[tuple[str, str]]) -> None:
    """Fill the table `proposal` (columns in `tables`): at most one row per two persons.

    Needs the work tables of `build` (`delivery`, `standing`, `mention`, `token`, `person`).

    Args:
        files: path of each `demographics.parquet` -> id of its delivery.
        apart: pairs of release tokens that a steward has said are two persons.

    Raises:
        Exception: whatever Splink raises; `proposal` is empty then.
    """
    _profiles(con, files)
    listed = sorted(set(apart))
    one, other = (pa.array((pair[place] for pair in listed), pa.string()) for place in (0, 1))
    con.register("said_apart", pa.table({"one": one, "other": other}))
    con.register("pair", _scored(con.execute(_BLOCKED, {"most": MOST_PER_BLOCK}).to_arrow_table()))
    con.execute(_PROPOSED, {"least": LEAST_WEIGHT, "most": MOST_PROPOSALS})
    con.unregister("pair").unregister("said_apart")


def _profiles(con: duckdb.DuckDBPyConnection, files: dict[str, str]) -> None:
    """`naming(delivery_no, object, source_row, source_item, role, subject_id, token, persons)`: whom each row names, by which identifier;
    and `profile(unique_id, subject_id, role, token, source_delivery, source_row, object, <demographic>_<form> ...)`.

    A profile is what a person's records say of them, each different thing once, with the first record that says it. A record that names
    several persons in a role says nothing of any.
    """
    con.execute("create table role_of (person varchar, role varchar)")
    con.execute("insert into role_of values ('recipient', 'recipient'), ('donor', 'donor'), ('both', 'recipient'), ('both', 'donor')")
    con.execute(_NAMING)
    con.execute(_SAID)
    if files:
        con.register("said_file", pa.table({"filename": pa.array(files), "source_delivery": pa.array(files.values())}))
        con.execute(_READ, {"paths": list(files)})
        con.unregister("said_file")
    con.execute(_PROFILE)


def _scored(profiles: pa.Table) -> pa.Table:
    """`pair(unique_id, other_unique_id, match_weight, agreement)` of the profiles that share a blocking key; Splink is loaded here."""
    if profiles.num_rows < 2:
        return _PAIRS.empty_table()
    from splink import DuckDBAPI, Linker, SettingsCreator

    with duckdb.connect() as con:  # of its own: it leaves tables behind
        con.register("blocked", profiles)
        con.execute("create table candidate as select * from blocked order by unique_id")
        database = DuckDBAPI(connection=con)
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[_comparison(*one) for one in _COMPARISONS.items()],
            blocking_rules_to_generate_predictions=[
                {"blocking_rule": f"l.block_{name} = r.block_{name} and l.role = r.role and l.subject_id <> r.subject_id"}
                for name in _BLOCKS
            ],
            probability_two_random_records_match=PRIOR,
            retain_matching_columns=True,  # without them Splink does not say which level held
        )
        found = Linker(database.register("candidate"), settings, log_level=None).inference.predict()
        con.register("predicted", found.as_duckdbpyrelation())
        agreement = ", ".join(_agreement(*one) for one in _COMPARISONS.items())
        return (
            con.execute(
                "select unique_id_l, unique_id_r, round(match_weight, 2), concat_ws(', ', "  # noqa: S608  names of our own
                f"{agreement}) from predicted order by 1, 2"
            )
            .to_arrow_table()
            .rename_columns(_PAIRS.names)
            .cast(_PAIRS)
        )


def _comparison(demographic: str, of: tuple[str, tuple[Level, ...]]) -> dict[str, Any]:
    needed, levels = of
    missing = {"sql_condition": f"{needed}_l is null or {needed}_r is null", "label_for_charts": "unknown", "is_null_level": True}
    rest = Level("none", "ELSE", 1 - sum(one.m for one in levels), 1 - sum(one.u for one in levels))
    stated = [
        {"sql_condition": one.condition, "label_for_charts": one.name, "m_probability": one.m, "u_probability": one.u}
        for one in (*levels, rest)
    ]
    return {"output_column_name": demographic, "comparison_levels": [missing, *stated]}


def _agreement(demographic: str, of: tuple[str, tuple[Level, ...]]) -> str:
    """Splink numbers the levels from the weakest, 0, up; what is unknown is -1."""
    names = [one.name for one in reversed(of[1])]
    told = " ".join(f"when {place} then '{demographic} {name}'" for place, name in enumerate(names, start=1))
    return f"case gamma_{demographic} {told} end"


_PAIRS = pa.schema({"unique_id": pa.int64(), "other_unique_id": pa.int64(), "match_weight": pa.float64(), "agreement": pa.string()})

_NAMING = """
    create table naming as
    select
        l.delivery_no, l.object, l.source_row, l.source_item, r.role, p.subject_id,
        first(t.release_token order by t.kind <> 'mrn', t.release_token) as token,
        count(*) over (partition by l.delivery_no, l.object, l.source_row, l.source_item, r.role) as persons
    from mention l join token t using (token_no) join person p using (token_no) join role_of r using (person)
    group by l.delivery_no, l.object, l.source_row, l.source_item, r.role, p.subject_id
"""
_SAID = """
    create table said (
        delivery_no int, object varchar, source_row bigint, source_item bigint, role varchar,
        demographic varchar, form varchar, token varchar
    )
"""
_READ = """
    insert into said
    select d.delivery_no, d.prefix || '__' || s.object, s.source_row, s.source_item, r.role, s.demographic, s.form, s.token
    from read_parquet($paths, union_by_name = true, filename = true) s
    join said_file f using (filename) join delivery d using (source_delivery) join role_of r using (person)
    semi join standing v on v.delivery_no = d.delivery_no and v.source_row = s.source_row
"""
_FORM_COLUMNS = [f"{demographic}_{form}" for demographic, forms in _FORMS.items() for form in forms]
_LISTED = ", ".join(_FORM_COLUMNS)
_PIVOTED = ", ".join(
    f"min(s.token) filter (s.demographic = '{demographic}' and s.form = '{form}') as {demographic}_{form}"
    for demographic, forms in _FORMS.items()
    for form in forms
)
_PROFILE = f"""
    create table profile as
    with record as (
        select n.subject_id, n.role, n.token, d.source_delivery, n.source_row, n.object, {_PIVOTED}
        from said s join naming n using (delivery_no, object, source_row, source_item, role) join delivery d using (delivery_no)
        where n.persons = 1
        group by n.subject_id, n.role, n.token, d.source_delivery, n.source_row, n.object, s.source_item
    ),
    once as (
        select * from record
        qualify row_number() over (
            partition by subject_id, role, {_LISTED} order by source_delivery, source_row, object, token
        ) = 1
    )
    select row_number() over (order by subject_id, role, source_delivery, source_row, object, {_LISTED}) as unique_id, * from once
"""  # noqa: S608  names of our own


def _key(name: str, parts: tuple[str, ...]) -> str:
    """A blocking key, null where a part is, or where too many persons share it."""
    whole = " || ".join(parts)
    return f"case when count(distinct subject_id) over (partition by role, {whole}) <= $most then {whole} end as block_{name}"


_KEYS = ", ".join(_key(*one) for one in _BLOCKS.items())
_SHARED = " or ".join(f"block_{name} is not null" for name in _BLOCKS)
_BLOCKED = f"""
    select unique_id, subject_id, role, {_LISTED}, {", ".join(f"block_{name}" for name in _BLOCKS)}
    from (select *, {_KEYS} from profile)
    where {_SHARED}
    order by unique_id
"""  # noqa: S608  names of our own

_PROPOSED = """
    insert into proposal
    with two as (
        select p.*, least(s.subject_id, o.subject_id) as one_subject, greatest(s.subject_id, o.subject_id) as other_subject
        from pair p join profile s using (unique_id) join profile o on o.unique_id = p.other_unique_id
        where p.match_weight >= $least
    ),
    told as (
        select distinct least(a.subject_id, b.subject_id) as one_subject, greatest(a.subject_id, b.subject_id) as other_subject
        from said_apart s
        join token x on x.release = try_cast(s.one as uuid) join person a on a.token_no = x.token_no
        join token y on y.release = try_cast(s.other as uuid) join person b on b.token_no = y.token_no
    ),
    beside as (
        select distinct a.subject_id as one_subject, b.subject_id as other_subject
        from naming a join naming b using (delivery_no, object, source_row, source_item, role)
        where a.persons > 1 and a.subject_id < b.subject_id
    ),
    heaviest as (
        select * from two anti join told using (one_subject, other_subject) anti join beside using (one_subject, other_subject)
        qualify row_number() over (partition by one_subject, other_subject order by match_weight desc, unique_id, other_unique_id) = 1
        order by match_weight desc, one_subject, other_subject
        limit $most
    )
    select
        'p' || substring(md5(h.one_subject || h.other_subject), 1, 8), one.subject_id, other.subject_id, h.match_weight, h.agreement,
        one.token, other.token, one.source_delivery, one.source_row, one.object, other.source_delivery, other.source_row, other.object
    from heaviest h
    join profile one on one.unique_id in (h.unique_id, h.other_unique_id) and one.subject_id = h.one_subject
    join profile other on other.unique_id in (h.unique_id, h.other_unique_id) and other.subject_id = h.other_subject
"""

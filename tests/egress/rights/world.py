"""A small network whose agreements and requests are drawn, and what must come out: an oracle in plain Python that knows no engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

from hypothesis import strategies as st

from cgt_etl.egress.rights.agreements import Agreement, Declared, Network, Refusal, ToPartner, populations
from cgt_etl.egress.rights.columns import Column
from cgt_etl.egress.rights.decisions import Request, Use

ROLES = {
    "ash": ("manufacturer",),
    "birch": ("manufacturer", "laboratory"),
    "cedar": ("hospital", "treatment_centre"),
    "douglas": ("courier",),
}
COLUMNS = {
    "batch": {
        "batch_id": Column("network", True, "shared"),
        "lot_id": Column("aggregate_only", False, "dropped"),
        "recipe": Column("private", False, "proprietary"),
        "yield": Column("private", True, "proprietary"),
    },
    "outcome": {"grade": Column("network", True, "shared"), "note": Column("private", False, "withheld")},
}
CONSENTS = frozenset({"research", "quality_improvement"})
DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(6)]
PURPOSES = {
    # purpose -> every purpose by which it is covered, itself included: written out, from DUO's own words
    "DUO:0000004": {"DUO:0000004"},
    "DUO:0000042": {"DUO:0000042", "DUO:0000004"},
    "DUO:0000006": {"DUO:0000006", "DUO:0000042", "DUO:0000004"},
    "DUO:0000011": {"DUO:0000011", "DUO:0000042", "DUO:0000004"},
    "DUO:0000043": {"DUO:0000043", "DUO:0000004"},
    "DUO:0000007 MONDO:0005062": {"DUO:0000007 MONDO:0005062", "DUO:0000006", "DUO:0000042", "DUO:0000004"},
    "DUO:0000007 MONDO:0018905": {
        *("DUO:0000007 MONDO:0018905", "DUO:0000007 MONDO:0005062"),
        *("DUO:0000006", "DUO:0000042", "DUO:0000004"),
    },
    "DUO:0000007 MONDO:0009693": {"DUO:0000007 MONDO:0009693", "DUO:0000006", "DUO:0000042", "DUO:0000004"},
}
CONDITIONS = ["DUO:0000018", "DUO:0000019", "DUO:0000045", "DUO:0000046"]
NAMES = [f"{table}.{column}" for table, columns in COLUMNS.items() for column in columns]
TIERS = ["private", "aggregate_only", "network"]

_modality = st.frozensets(st.sampled_from(populations()), min_size=1, max_size=3)
_day = st.sampled_from(DAYS)
_to = st.one_of(
    st.just("everybody"),
    st.sampled_from(["manufacturer", "hospital", "courier", "registry"]).map(lambda role: {"role": role}),
)


def agreement(contributor: str = "ash", **changes: object) -> Agreement:
    """One that gives much to everybody, but for the changes."""
    said: dict[str, object] = {
        "agreement": f"of_{contributor}",
        "to": "everybody",
        "purposes": ["DUO:0000004"],
        "consent": "research",
        "tables": ["batch", "outcome"],
        "tier": "network",
        "signed": DAYS[0],
        "expires": DAYS[-1],
        "in_return": ["thanks"],
    }
    return Agreement.model_validate(said | changes)


def network(*agreements: Agreement, refusals: tuple[Refusal, ...] = (), contributor: str = "ash") -> Network:
    """The small network with these declarations of one contributor."""
    return Network(ROLES, COLUMNS, CONSENTS, {contributor: Declared(agreements, refusals)})


def request(**changes: object) -> Request:
    """One that the plain `agreement` allows, but for the changes."""
    return replace(
        Request("cedar", "ash", "batch", "batch_id", "row", Use("DUO:0000006"), DAYS[2], "research"),
        **changes,  # type: ignore[arg-type]
    )


@st.composite
def _agreements(draw: st.DrawFn, contributor: str, number: int) -> Agreement:
    others = [one for one in ROLES if one != contributor]
    first, last = sorted(draw(st.tuples(_day, _day)))
    signed, embargo, expires = sorted(draw(st.tuples(_day, _day, _day)))
    tables = draw(st.sampled_from([["batch"], ["outcome"], ["batch", "outcome"]]))
    named = draw(st.lists(st.sampled_from([one for one in NAMES if one.split(".")[0] in tables]), max_size=3, unique=True))
    tiers = {one: draw(st.sampled_from(TIERS[: 3 if is_shared(one) else 2])) for one in named}
    return agreement(
        contributor,
        agreement=f"a{number}",
        to=draw(st.one_of(_to, st.sampled_from(others).map(lambda name: {"partner": name}))),
        purposes=draw(st.lists(st.sampled_from(list(PURPOSES)), min_size=1, max_size=2)),
        conditions=draw(st.lists(st.sampled_from(CONDITIONS), max_size=2)),
        consent=draw(st.sampled_from(sorted(CONSENTS))),
        tables=tables,
        tier=draw(st.sampled_from(["aggregate_only", "network"])),
        columns=tiers,
        populations=draw(st.none() | _modality.map(sorted)),
        first_day=draw(st.none() | st.just(first)),
        last_day=draw(st.none() | st.just(last)),
        signed=signed,
        embargo_until=draw(st.none() | st.just(embargo)),
        expires=expires,
    )


@st.composite
def refusals(draw: st.DrawFn, number: int = 0) -> Refusal:
    """Any refusal, of others or of oneself."""
    return Refusal.model_validate(
        {
            "refusal": f"r{number}",
            "to": draw(st.one_of(_to, st.sampled_from(list(ROLES)).map(lambda name: {"partner": name}))),
            "what": draw(st.just("all") | st.lists(st.sampled_from([*COLUMNS, *NAMES]), min_size=1, max_size=3)),
            "forms": draw(st.sampled_from([["row"], ["aggregate"], ["aggregate", "row"]])),
            "why": "because",
        }
    )


@st.composite
def networks(draw: st.DrawFn, least: int = 0) -> Network:
    """Up to two agreements, of the first at least so many, and up to one refusal, of each of two contributors."""
    declared = {}
    for contributor, fewest in (("ash", least), ("cedar", 0)):
        made = tuple(draw(_agreements(contributor, n)) for n in range(draw(st.integers(fewest, 2))))
        declared[contributor] = Declared(made, tuple(draw(refusals(n)) for n in range(draw(st.integers(0, 1)))))
    return Network(ROLES, COLUMNS, CONSENTS, declared)


@st.composite
def _requests(draw: st.DrawFn) -> Request:
    name = draw(st.sampled_from(NAMES))
    first, last = sorted(draw(st.tuples(_day, _day)))
    return Request(
        recipient=draw(st.sampled_from(list(ROLES))),
        contributor=draw(st.sampled_from(["ash", "ash", "cedar", "birch"])),
        table=name.split(".")[0],
        column=name.split(".")[1],
        form=draw(st.sampled_from(["row", "aggregate"])),
        use=Use(draw(st.sampled_from(list(PURPOSES))), frozenset(draw(st.lists(st.sampled_from(CONDITIONS), max_size=4)))),
        as_of=draw(_day),
        consent=draw(st.sampled_from([None, "research", "research", "quality_improvement"])),
        populations=draw(st.none() | _modality),
        first_day=draw(st.none() | st.just(first)),
        last_day=draw(st.none() | st.just(last)),
    )


def requests() -> st.SearchStrategy[list[Request]]:
    """Requests of any kind. Drawn seldom meets a drawn agreement in all its terms: see `fitting`."""
    return st.lists(_requests(), min_size=1, max_size=5)


def fitting(of: Network) -> list[Request]:
    """For each agreement and column, requests that meet all its terms, from everybody and in both forms."""
    found = []
    for contributor, declared in of.declared.items():
        for one, recipient, name, form in product(declared.agreements, ROLES, NAMES, ("row", "aggregate")):
            table, column = name.split(".")
            found.append(
                Request(
                    *(
                        recipient,
                        contributor,
                        table,
                        column,
                        form,
                        Use(one.purposes[0], frozenset(one.conditions)),
                        one.expires,
                        one.consent,
                    ),
                    None if one.populations is None else frozenset(one.populations),
                    one.first_day,
                    one.last_day,
                )
            )
    return found


def restricted(of: Network, n: int, pick: Callable[[list[object]], object], extra: Refusal) -> Iterator[tuple[str, Network]]:
    """Each way in which the `n`th agreement of `ash` can be restricted, and the network with that declared instead."""
    declared = of.declared["ash"]
    for how, less in _restricted(declared.agreements[n], pick, extra):
        now = Declared((*declared.agreements[:n], *less.agreements, *declared.agreements[n + 1 :]), (*declared.refusals, *less.refusals))
        yield how, replace(of, declared={**of.declared, "ash": now})


def _restricted(of: Agreement, pick: Callable[[list[object]], object], extra: Refusal) -> Iterator[tuple[str, Declared]]:

    def only(**changes: object) -> Declared:
        return Declared((Agreement.model_validate(of.model_dump() | changes),))

    yield "gone", Declared()
    yield "refused", Declared((of,), (extra,))
    later = [day for day in DAYS if of.begins < day <= of.expires]
    if later:
        yield "embargo", only(embargo_until=pick(later))
        yield "expiry", only(expires=pick([day for day in DAYS if of.begins <= day < of.expires]))
    if len(of.tables) > 1:
        tables = [pick(list(of.tables))]
        yield "tables", only(tables=tables, columns={name: tier for name, tier in of.columns.items() if name.split(".")[0] in tables})
    if len(of.purposes) > 1:
        yield "purposes", only(purposes=[pick(list(of.purposes))])
    yield "conditions", only(conditions=[*of.conditions, pick(list(CONDITIONS))])
    yield "populations", only(populations=[pick(list(of.populations or populations()))])
    yield "first day", only(first_day=max(of.first_day or date.min, min(of.last_day or date.max, pick(DAYS))))  # type: ignore[type-var]
    yield "last day", only(last_day=min(of.last_day or date.max, max(of.first_day or date.min, pick(DAYS))))  # type: ignore[type-var]
    if of.tier == "network":
        yield "tier", only(tier="aggregate_only")
    name = str(pick([name for name in NAMES if name.split(".")[0] in of.tables]))
    table, column = name.split(".")
    now = of.tier_of(name, COLUMNS[table][column].tier)
    yield "column", only(columns=of.columns | {name: TIERS[max(0, TIERS.index(now) - 1)]})


def is_shared(name: str) -> bool:
    table, column = name.split(".")
    return COLUMNS[table][column].is_in_shared_views


def oracle(of: Network, asked: Request) -> bool:
    """Whether a request is allowed: written from docs/sandboxes.md alone."""
    declared = of.declared.get(asked.contributor, Declared())
    is_own = asked.recipient == asked.contributor
    for refusal in declared.refusals:
        named = refusal.what == "all" or {asked.table, f"{asked.table}.{asked.column}"} & set(refusal.what)
        if named and asked.form in refusal.forms and _is_addressed(refusal, asked, names_itself=True):
            return False
    if is_own:
        return True
    if asked.form == "row" and not is_shared(f"{asked.table}.{asked.column}"):
        return False
    return any(_gives(one, asked) for one in declared.agreements)


def _is_addressed(one: Agreement | Refusal, asked: Request, *, names_itself: bool = False) -> bool:
    if isinstance(one.to, ToPartner):
        return one.to.partner == asked.recipient
    if asked.recipient == asked.contributor and names_itself:
        return False
    return one.to == "everybody" or one.to.role in ROLES[asked.recipient]


def _gives(one: Agreement, asked: Request) -> bool:
    met = set(asked.use.accepts)
    if "DUO:0000018" in met:
        met |= {"DUO:0000045", "DUO:0000046"}
    if {"DUO:0000045", "DUO:0000046"} <= met:
        met.add("DUO:0000018")
    default = COLUMNS[asked.table][asked.column].tier
    tier = one.columns.get(f"{asked.table}.{asked.column}", min(default, one.tier, key=TIERS.index))
    return (
        _is_addressed(one, asked)
        and asked.table in one.tables
        and tier in (["network"] if asked.form == "row" else ["network", "aggregate_only"])
        and bool(PURPOSES[asked.use.purpose] & set(one.purposes))
        and set(one.conditions) <= met
        and one.consent == asked.consent
        and (one.populations is None or (asked.populations is not None and asked.populations <= set(one.populations)))
        and (one.first_day is None or (asked.first_day is not None and asked.first_day >= one.first_day))
        and (one.last_day is None or (asked.last_day is not None and asked.last_day <= one.last_day))
        and one.signed <= asked.as_of <= one.expires
        and (one.embargo_until is None or one.embargo_until <= asked.as_of)
    )

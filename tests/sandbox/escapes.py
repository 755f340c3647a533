"""Statements that try to get out of a locked sandbox: each family written out, then put into other words and other places of a question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Literal

Wrong = Literal["answered", "marked"]
"""What makes an attack a success: that it is answered at all, or that a mark stands in what it is told."""


@dataclass(frozen=True)
class Attack:
    """One statement, what makes it a success, and which family it is of."""

    family: str
    statement: str
    wrong: Wrong


@dataclass(frozen=True)
class Outside:
    """What lies outside of the sandbox under attack. Every file holds `MARK`."""

    folder: Path
    text: Path
    csv: Path
    json: Path
    parquet: Path
    database: Path
    """Of another tenant, in the clear."""
    own: Path
    """The file of the sandbox under attack."""
    other: Path
    """Another tenant's sandbox."""
    extension: Path


MARK, PLACE = "MARKQX77ZJ", "PLACEQX78ZJ"
"""What every file outside holds, and what the folder is named in which they lie."""
KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))


def reads(out: Outside) -> Iterator[str]:
    """Table expressions that read what is outside."""
    places = (out.text, out.csv, out.json, out.parquet, out.database, out.own, out.other, out.extension)
    for path in (*places, "/etc/passwd", "/proc/self/environ", "/proc/self/cmdline", "/proc/self/maps"):
        yield f"read_text('{path}')"
        yield f"read_blob('{path}')"
    yield f"read_csv('{out.csv}')"
    yield f"read_csv_auto('{out.csv}', header = true)"
    yield "read_csv('/etc/passwd', delim = ':', header = false, columns = {'a': 'varchar'}, ignore_errors = true)"
    yield f"sniff_csv('{out.csv}')"
    yield f"read_json('{out.json}')"
    yield f"read_json_auto('{out.json}')"
    yield f"read_json_objects('{out.json}')"
    yield f"read_ndjson('{out.json}')"
    yield f"read_ndjson_objects('{out.json}')"
    yield f"read_parquet('{out.parquet}')"
    yield f"parquet_scan('{out.parquet}')"
    yield f"parquet_metadata('{out.parquet}')"
    yield f"parquet_schema('{out.parquet}')"
    yield f"parquet_file_metadata('{out.parquet}')"
    yield f"parquet_kv_metadata('{out.parquet}')"
    yield f"parquet_bloom_probe('{out.parquet}', 'x', '{MARK}')"
    yield f"read_duckdb('{out.database}')"
    for path in (out.csv, out.json, out.parquet, out.database):
        yield f"'{path}'"
        yield f'"{path}"'
    for pattern in (f"{out.folder}/*", f"{out.folder}/**", "/etc/*", "/proc/self/fd/*", "/proc/*/environ", "~/*", "./*", "../../../etc/p*"):
        yield f"glob('{pattern}')"
        yield f"read_text('{pattern}')"
    for address in ("http://127.0.0.1:9/x.csv", "https://127.0.0.1:9/x.parquet", "s3://bucket/x.parquet", "hf://datasets/a/b.csv"):
        yield f"read_csv('{address}')"
        yield f"read_parquet('{address}')"
        yield f"'{address}'"
    yield f"sqlite_scan('{out.database}', 'secret')"
    yield "postgres_scan('host=127.0.0.1', 'public', 'secret')"
    yield "postgres_query('db', 'select 1')"
    yield "mysql_scan('host=127.0.0.1', 'db', 'secret')"
    yield f"iceberg_scan('{out.folder}')"
    yield f"delta_scan('{out.folder}')"
    yield f"st_read('{out.csv}')"
    yield f"read_xlsx('{out.csv}')"
    yield f"query('select * from read_text(''{out.text}'')')"
    yield f"query_table(['{out.csv}'])"
    yield "query('attach ''/tmp/x.duckdb''')"
    yield "which_secret('s3://bucket/x', 's3')"
    yield "sql_auto_complete('select * from /etc/')"


def orders(out: Outside) -> Iterator[str]:
    """Statements that are no questions."""
    inner = "select 1 as x"
    for form in ("csv", "json", "parquet"):
        yield f"copy ({inner}) to '{out.folder}/new.{form}' (format {form})"
    yield f"copy own.event to '{out.folder}/new'"
    yield f"copy ({inner}) to '{out.own}'"
    yield f"copy ({inner}) to '{out.other}'"
    for path in (out.own, f"{out.own}.wal", "/proc/self/fd/3", "/proc/self/fd/3.wal"):
        yield f"copy ({inner}) to '{path}' (format csv, use_tmp_file false)"
    yield f"copy ({inner}) to '/dev/stdout'"
    yield f"copy ({inner}) to '{out.folder}/parts' (format csv, partition_by (x))"
    yield f"copy own.event from '{out.csv}'"
    yield "copy from database sandbox to memory"
    yield f"attach '{out.database}' as other"
    yield f"attach '{out.database}' as other (read_only)"
    yield f"attach '{out.other}' as other (read_only, encryption_key '{KEY.hex()}')"
    yield f"attach '{out.folder}/new.duckdb' as other"
    yield "attach ':memory:' as other"
    yield "attach 'host=127.0.0.1' as other (type postgres)"
    yield f"attach '{out.database}' as other (type sqlite)"
    yield f"attach or replace '{out.database}' as sandbox"
    yield "detach sandbox"
    yield f"export database '{out.folder}/dump'"
    yield f"import database '{out.folder}'"
    yield f"load '{out.extension}'"
    yield f"install '{out.extension}'"
    for name in ("httpfs", "sqlite_scanner", "postgres_scanner", "spatial", "excel"):
        yield f"install {name}"
        yield f"load {name}"
        yield f"force install {name} from community"
    yield "update extensions"
    for setting in (
        "enable_external_access = true",
        "lock_configuration = false",
        "memory_limit = '20GB'",
        "threads = 64",
        "disabled_filesystems = ''",
        "allowed_directories = ['/']",
        "allowed_paths = ['/etc/passwd']",
        "autoload_known_extensions = true",
        "allow_unsigned_extensions = true",
        "python_enable_replacements = true",
        "python_scan_all_frames = true",
        f"temp_directory = '{out.folder}/tmp'",
        f"log_query_path = '{out.folder}/log'",
        f"profiling_output = '{out.folder}/profile'",
        f"secret_directory = '{out.folder}'",
        f"home_directory = '{out.folder}'",
        f"extension_directory = '{out.folder}'",
        "allow_unredacted_secrets = true",
    ):
        yield f"set {setting}"
        yield f"set global {setting}"
        yield f"pragma {setting}"
        yield f"reset {setting.split(' ')[0]}"
    for call in (
        "enable_profiling",
        "enable_logging",
        "enable_checkpoint_on_shutdown",
        "force_checkpoint",
        "disable_checkpoint_on_shutdown",
    ):
        yield f"pragma {call}"
        yield f"call {call}()"
    yield f"call enable_logging('QueryLog', storage = 'file', storage_config = {{'path': '{out.folder}/log'}})"
    yield "create secret s (type s3, key_id 'a', secret 'b')"
    yield f"create persistent secret s (type http, bearer_token '{MARK}')"
    yield "drop secret s"
    yield "create table own.new as select 1 as x"
    yield "create table memory.main.new as select 1 as x"
    yield "create temp table new as select 1 as x"
    yield f"create temp table new as select * from read_text('{out.text}')"
    yield f"create view own.new as select * from read_text('{out.text}')"
    yield f"create temp view new as select * from read_text('{out.text}')"
    yield f"create macro own.new() as table select * from read_text('{out.text}')"
    yield f"create temp macro new() as table select * from read_text('{out.text}')"
    yield "create temp macro new(a) as a + 1"
    yield "create schema new"
    yield "create sequence own.new"
    yield "create type mood as enum ('a')"
    yield "insert into own.event values ('x')"
    yield "update own.event set note = 'x'"
    yield "delete from own.event"
    yield "truncate own.event"
    yield "drop table own.event"
    yield "drop schema own cascade"
    yield "alter table own.event add column x int"
    yield "comment on table own.event is 'x'"
    yield "merge into own.event using (select 1 as x) as s on false when not matched then insert values ('x')"
    yield "prepare p as select 1"
    yield f"prepare p as select * from read_text('{out.text}')"
    yield "execute p"
    yield "deallocate p"
    yield "begin transaction"
    yield "commit"
    yield "rollback"
    yield "checkpoint"
    yield "force checkpoint sandbox"
    yield "vacuum"
    yield "analyze"
    yield "use memory"
    yield "set schema = 'memory.main'"
    yield "set variable x = 1"
    yield f"set variable x = (select content from read_text('{out.text}'))"
    yield "call pragma_version()"
    yield "explain select 1"
    yield f"explain analyze select * from read_text('{out.text}')"
    yield f"explain analyze copy ({inner}) to '{out.folder}/new.csv'"
    yield f"with a as (insert into own.event values ('x') returning *) {inner}"
    yield "select 1; select 2"
    yield f"{inner}; copy ({inner}) to '{out.folder}/new.csv'"
    yield f"{inner};; set threads = 64; {inner}"
    yield f"/* {inner} */ attach '{out.database}' as other -- {inner}"
    yield f"{inner} -- \n; load '{out.extension}'"
    yield ""
    yield ";"
    yield "\x00"
    yield ".shell cat /etc/passwd"
    yield ".open /etc/passwd"
    yield "\\! cat /etc/passwd"


def leaks() -> Iterator[str]:
    """Questions that are allowed, and must not tell where anything lies or what opens it."""
    for function in (
        *("databases", "settings", "extensions", "secrets", "logs", "log_contexts", "temporary_files", "memory", "variables", "tables"),
        *("columns", "views", "schemas", "functions", "types", "dependencies", "constraints", "indexes", "sequences", "optimizers"),
        *("external_file_cache", "prepared_statements", "approx_database_count", "connection_count", "keywords", "secret_types"),
    ):
        yield f"select * from duckdb_{function}()"
        yield f"select list(t) from duckdb_{function}() as t"
    for pragma in ("database_list", "show_databases", "database_size", "platform", "version", "user_agent", "show_tables_expanded"):
        yield f"pragma {pragma}"
        yield f"select * from pragma_{pragma}()"
    yield "pragma storage_info('own.event')"
    yield "show databases"
    yield "show all tables"
    yield "describe own.event"
    yield "summarize own.event"
    yield "from information_schema.schemata"
    yield "from information_schema.tables"
    yield "from pg_catalog.pg_database"
    yield "from pg_catalog.pg_settings"
    yield "from sqlite_master"
    for setting in ("secret_directory", "temp_directory", "home_directory", "extension_directory", "allowed_paths", "allowed_directories"):
        yield f"select current_setting('{setting}')"
    for expression in (
        *("getenv('CANARY')", "getenv('HOME')", "current_query()", "current_database()", "getvariable('key')", "current_user", "version()"),
        *("txid_current()", "current_schemas(true)", "in_search_path('sandbox', 'main')", "icu_sort_key('a', 'de')"),
    ):
        yield f"select {expression}"
    for name in ("store", "statement", "connection", "said", "CONFIG", "key", "answer", "sys", "os", "held_frame", "held_list", "__file__"):
        yield f"select * from {name}"
        yield f'from "{name}"'


def _elsewhere() -> list[Callable[[str], str]]:
    """The same table expression in other places of a question, and in other words."""
    return [
        lambda x: f"select * from {x}",
        lambda x: f"FrOm {x}",
        lambda x: f"with a as (select * from {x}) select * from a",
        lambda x: f"with recursive a as (select 1 as n union all select n + 1 from a where n < 2) select * from a, {x}",
        lambda x: f"select (select count(*) from {x})",
        lambda x: f"select 1 where exists (from {x})",
        lambda x: f"select * from own.event, lateral (select * from {x}) as l",
        lambda x: f"/* a question */ select/**/*/**/from\n\t{x} -- done",
        lambda x: f"select 1 as a union all select count(*) from {x}",
        lambda x: f"SELECT\u00a0* FROM {x};",
        lambda x: f"select columns(*) from (values (1)) as v(a) left join (from {x}) on true",
        lambda x: f"from {x} |> select *",
        lambda x: f"describe select * from {x}",
        lambda x: f"summarize from {x}",
        lambda x: f"(select * from ({x}))" if not x.startswith(("'", '"')) else f"(table {x})",
        lambda x: f"select * from (from {x} using sample 1 rows) order by all limit 1",
    ]


def _reworded() -> list[Callable[[str], str]]:
    return [
        lambda x: x,
        str.upper,
        lambda x: f"/*+ select */ {x}",
        lambda x: f"  \n{x} ;  ",
        lambda x: x.replace(" ", "\n\t"),
        lambda x: f"-- select 1\n{x}",
        lambda x: f"\ufeff{x}",
        lambda x: f"select 1; {x}",
    ]


Form = Callable[[str], str]


def varied(
    reads: Iterable[str], orders: Iterable[str], questions: Iterable[Attack], places: Sequence[Form], forms: Sequence[Form], *, often: int
) -> list[Attack]:
    """Every attack once, in an order of its own: each read as often in other places, each order once in another form, and the questions."""
    found: list[Attack] = []
    next_place, next_form = cycle(places), cycle(forms)
    for expression in reads:
        found.append(Attack("read", f"select * from {expression}", "answered"))
        found += [Attack("read", next(next_place)(expression), "answered") for _ in range(often)]
    for order in orders:
        found.append(Attack("order", order, "answered"))
        if order.strip("; \x00"):  # of nothing, other words may make a question
            found.append(Attack("order", next(next_form)(order), "answered"))
    return list(dict.fromkeys([*found, *questions]))


def attacks(out: Outside) -> list[Attack]:
    """Every attack on a locked sandbox: each read in two other places."""
    questions = [Attack("leak", question, "marked") for question in leaks()]
    return varied(reads(out), orders(out), questions, _elsewhere(), _reworded(), often=2)


BOMBS = (
    "select count(*) from range(1000000000000)",
    "with recursive a as (select 1 as n union all select n + 1 from a) select max(n) from a",
    "with recursive a as (select 1 as n union all select n from a, range(1000)) select count(*) from a",
    "select count(*) from range(100000) as a, range(100000) as b, range(100000) as c where hash(a, b, c) = 1",
    "select max(md5(i::varchar)) from range(100000000000) as r(i)",
    "select list(i) from range(1000000000) as r(i)",
    "select string_agg(repeat('x', 1000), ',') from range(100000000)",
    "select strlen(repeat(repeat('x', 1000000), 1000000))",
    "select strlen(repeat(repeat('x', 1000000), 3000))",
    "select count(distinct i) from range(10000000000) as r(i)",
    "select i from range(200000) as r(i)",
    "select repeat('x', 1000000) from range(100)",
    "select regexp_matches(repeat('a', 100000), '(a*)*b') from range(1000000)",
    "select generate_series(1, 10000000000)",
    "select " + " + ".join(["1"] * 50000),
    "select list_aggregate(list_transform(range(100000000), x -> x * 2), 'sum')",
    "select * from range(3000000) as a(i) order by md5(i::varchar)",
)
"""Questions that never end, or take all the memory or a terminal's whole night; each must be refused within its time."""

"""What a partner may try with its session on a PostgreSQL server: to read what is outside, to order what is not its own, to ask of others.

Each statement is written out, then put into other words and other places of a question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.escapes import Attack, Form, varied


@dataclass(frozen=True)
class Target:
    """The tenant that attacks, and what it may know of the one beside it: its name and number, which a session can find out."""

    mine: str
    theirs: str
    their_database: int
    their_role: int
    large_object: int
    """Of the superuser's, in the attacker's own database."""
    file: Path
    """That the server could read."""
    folder: Path
    """That the server could write to."""


def reads(at: Target) -> Iterator[str]:
    """Table expressions that read files, other databases, or the server's own state."""
    for path in (at.file, "/etc/passwd", "/proc/self/environ", "pg_hba.conf", "global/pg_control"):
        yield f"pg_read_file('{path}')"
        yield f"pg_read_binary_file('{path}')"
        yield f"pg_stat_file('{path}')"
        yield f"lo_import('{path}')"
        yield f"unnest(string_to_array(pg_read_file('{path}', 0, 100), ','))"
    for path in (at.file.parent, "/", "base", "../"):
        yield f"pg_ls_dir('{path}')"
    for name in ("logdir", "waldir", "archive_statusdir", "tmpdir", "logicalsnapdir", "replslotdir"):
        yield f"pg_ls_{name}()"
    yield f"lo_export({at.large_object}, '{at.folder}/x')"
    yield f"lo_get({at.large_object})"
    yield f"lo_open({at.large_object}, 262144)"
    yield f"loread(lo_open({at.large_object}, 262144), 100)"
    for name in (at.theirs, "postgres", "template1"):
        yield f'"{name}".own.event'
        yield f'"{name}".pg_catalog.pg_class'
        yield f"dblink('dbname={name} user={at.theirs}', 'select note from own.event') as t (note text)"
        yield f"has_database_privilege('{name}', 'connect')"
        yield f"pg_database_size('{name}')"
        yield f"to_regrole('{name}')"
    for call in (
        "query_to_xml('select * from pg_authid', true, true, '')",
        "query_to_xml('copy (select 1) to program ''true''', true, true, '')",
        "query_to_xmlschema('select * from pg_stat_activity', true, true, '')",
        "table_to_xml('pg_authid', true, true, '')",
        "schema_to_xml('pg_catalog', true, true, '')",
        "database_to_xml(true, true, '')",
        "cursor_to_xml('c', 1, true, true, '')",
        "ts_stat('select to_tsvector(usename) from pg_user')",
        "ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery')",
    ):
        yield call
    for relation in (
        *("authid", "shadow", "database", "db_role_setting", "auth_members", "group", "user", "roles", "user_mapping", "user_mappings"),
        *("stat_activity", "stat_database", "stat_database_conflicts", "stat_ssl", "stat_gssapi", "stat_replication", "stat_wal_receiver"),
        *("stat_subscription", "stat_bgwriter", "stat_wal", "stat_archiver", "stat_slru", "stat_progress_copy", "stat_progress_analyze"),
        *(
            "stat_progress_vacuum",
            "stat_progress_create_index",
            "stat_progress_basebackup",
            "stat_all_tables",
            "statio_all_tables",
            "stats",
        ),
        *("locks", "prepared_xacts", "shdepend", "shdescription", "shseclabel", "tablespace", "subscription", "replication_origin"),
        *("replication_slots", "replication_origin_status", "parameter_acl", "file_settings", "hba_file_rules", "ident_file_mappings"),
        *("largeobject", "statistic", "shmem_allocations", "backend_memory_contexts", "config", "available_extensions", "settings"),
    ):
        yield f"pg_{relation}"
    yield "information_schema._pg_user_mappings"
    for call in (
        *("get_activity(null)", "get_backend_idset()", "get_backend_activity(1)", "get_backend_userid(1)", "get_backend_dbid(1)"),
        *("get_backend_client_addr(1)", "get_backend_start(1)", "get_wal()", "get_archiver()", "get_progress_info('COPY')", "get_slru()"),
        *(f"get_db_tuples_inserted({at.their_database})", f"get_db_tuples_returned({at.their_database})", "get_wal_senders()"),
        *(f"get_db_xact_commit({at.their_database})", f"get_db_numbackends({at.their_database})", f"get_db_sessions({at.their_database})"),
        *(f"get_db_temp_bytes({at.their_database})", f"get_db_blocks_hit({at.their_database})", "get_live_tuples(1260)", "reset()"),
        *("reset_shared('bgwriter')", "reset_single_table_counters(1260)", "clear_snapshot()", "get_buf_alloc()"),
    ):
        yield f"pg_stat_{call}"
    for call in (
        *(
            "current_wal_lsn()",
            "current_wal_insert_lsn()",
            "current_xact_id()",
            "current_snapshot()",
            "control_system()",
            "control_checkpoint()",
        ),
        *("control_init()", "control_recovery()", "postmaster_start_time()", "conf_load_time()", "lock_status()", "prepared_xact()"),
        *("blocking_pids(1)", "safe_snapshot_blocking_pids(1)", "last_committed_xact()", "xact_commit_timestamp('3')", "xact_status('3')"),
        *(
            "tablespace_size('pg_default')",
            "tablespace_databases(1663)",
            "tablespace_location(1663)",
            "current_logfile()",
            "hba_file_rules()",
        ),
        *("show_all_file_settings()", "show_all_settings()", "config()", "get_backend_memory_contexts()", "get_shmem_allocations()"),
        *(f"database_size({at.their_database})", "replication_origin_create('x')", "get_replication_slots()", "notification_queue_usage()"),
        *("read_file('PG_VERSION')", "rotate_logfile()", "reload_conf()", "switch_wal()", "create_restore_point('x')", "promote()"),
        *(
            "backup_start('x')",
            "backup_stop()",
            "create_physical_replication_slot('x')",
            "create_logical_replication_slot('x', 'pgoutput')",
        ),
        *("logical_emit_message(false, 'a', 'b')", "import_system_collations('own')", "export_snapshot()", "terminate_backend(1)"),
        *("cancel_backend(1)", "log_backend_memory_contexts(1)", "sleep(60)", "sleep_for('1 minute')", "notify('a', 'b')"),
        *("advisory_lock(1)", "advisory_xact_lock(1)", "try_advisory_lock(1)", "try_advisory_xact_lock(1, 2)", "advisory_lock_shared(1)"),
        *("stat_file('PG_VERSION')", "extension_config_dump('own.event', '')", "relation_filepath('own.event')", "nextoid('a', 'b', 'c')"),
    ):
        yield f"pg_{call}"
    for call in (
        *("txid_current()", "txid_current_snapshot()", "txid_status(3)", "age('3'::xid)", "mxid_age('3'::xid)", "system('true')"),
        *("lo_create(0)", "lo_creat(-1)", "lo_from_bytea(0, 'x')", f"lo_put({at.large_object}, 0, 'x')", f"lo_unlink({at.large_object})"),
        *("lowrite(1, 'x')", f"lo_truncate({at.large_object}, 0)", "set_config('log_statement', 'all', false)", "inet_server_addr()"),
        *(f"shobj_description({at.their_database}, 'pg_database')", f"shobj_description({at.their_role}, 'pg_authid')"),
        *("set_config('a.b', 'c', false)", "binary_upgrade_set_next_pg_authid_oid(1)", "suppress_redundant_updates_trigger()"),
    ):
        yield call


def orders(at: Target) -> Iterator[str]:
    """Statements that are no questions."""
    inner = "select 1 as x"
    for where in (f"'{at.folder}/new'", "program 'true'", f"program 'touch {at.folder}/new'", "'base/new'", "'/dev/stderr'"):
        yield f"copy ({inner}) to {where}"
        yield f"copy own.event to {where} (format csv)"
    yield f"copy own.event from '{at.file}'"
    yield "copy own.event from program 'id'"
    yield "copy own.event from stdin"
    yield "copy pg_authid to stdout"
    yield "copy (table pg_shadow) to stdout"
    yield "copy (select pg_read_file('/etc/passwd')) to stdout"
    for name in (at.theirs, "hub", "postgres", "pg_read_server_files", "pg_execute_server_program", "pg_read_all_stats", "pg_monitor"):
        yield f"set role {name}"
        yield f"set session authorization {name}"
        yield f"grant {name} to {at.mine}"
        yield f"alter role {name} password 'x'"
        yield f"alter role {name} set statement_timeout = 1"
        yield f"drop role {name}"
        yield f"reassign owned by {name} to {at.mine}"
        yield f"drop owned by {name} cascade"
    for right in ("superuser", "createdb", "createrole", "replication", "bypassrls", "connection limit -1"):
        yield f"alter role {at.mine} {right}"
        yield f"alter user current_user {right}"
    yield f"grant {at.mine} to {at.theirs}"
    yield f"alter role {at.mine} rename to admin"
    yield f"alter role {at.mine} valid until 'infinity'"
    yield f"alter role {at.mine} set temp_file_limit = -1"
    yield f"alter role {at.mine} set log_statement = 'all'"
    yield "alter role all set work_mem = '1GB'"
    yield "create role new superuser"
    yield "create user new password 'x'"
    for name in (at.mine, at.theirs, "postgres"):
        yield f"alter database {name} rename to new"
        yield f"alter database {name} owner to {at.mine}"
        yield f"alter database {name} connection limit -1"
        yield f"alter database {name} set statement_timeout = 0"
        yield f"drop database {name}"
        yield f"create database new template {name}"
        yield f"grant connect on database {name} to public with grant option"
        yield f"comment on database {name} is 'x'"
        yield f"comment on role {name} is 'x'"
    for setting in (
        *("temp_file_limit = -1", "log_statement = 'all'", "log_min_messages = 'debug5'", "log_min_error_statement = 'info'"),
        *("log_min_duration_statement = 0", "session_replication_role = 'replica'", "allow_system_table_mods = on", "log_duration = on"),
        *("zero_damaged_pages = on", "max_stack_depth = '7MB'", "lo_compat_privileges = on", "dynamic_library_path = '/tmp'"),
        *("session_preload_libraries = 'x'", "shared_preload_libraries = 'x'", "ignore_checksum_failure = on", "track_activities = off"),
        *("deadlock_timeout = 1", "commit_delay = 1000", "wal_compression = on", "log_executor_stats = on", "max_connections = 1000"),
        *("data_directory = '/'", "archive_command = 'true'", "ssl_key_file = 'x'", "unix_socket_directories = '/tmp'", "fsync = on"),
    ):
        yield f"set {setting}"
        yield f"set local {setting}; select 1"
        yield f"alter system set {setting}"
    for extension in ("dblink", "postgres_fdw", "file_fdw", "adminpack", "plpgsql", "pageinspect", "pg_stat_statements", "lo", "xml2"):
        yield f"create extension {extension}"
        yield f"create extension {extension} schema own cascade"
    for library in ("dblink", "plpgsql", "auto_explain", "/tmp/x.so", "$libdir/pg_prewarm"):
        yield f"load '{library}'"
    yield "do $$ begin perform 1; end $$"
    yield "do language plpgsql 'begin end'"
    yield "do language sql 'select 1'"
    for language in ("plpgsql", "c", "internal", "plpython3u", "plperlu"):
        yield f"create language {language}"
        yield f"create function own.f() returns text language {language} as 'x'"
        yield f"create function pg_temp.f() returns text language {language} as 'x'"
    yield "create function own.f() returns text language sql as 'select 1::text'"
    yield "create function pg_temp.f() returns text language sql as 'select 1::text'"
    yield "create function system(cstring) returns int language c as '/lib/x86_64-linux-gnu/libc.so.6', 'system'"
    yield "create procedure pg_temp.p() language sql as 'select 1'"
    for place in ("own", "public", "pg_catalog", "pg_temp", "pg_toast", "information_schema", at.mine):
        yield f"create table {place}.new as {inner}"
        yield f"create table {place}.new (x int)"
        yield f"create view {place}.new as {inner}"
        yield f"create materialized view {place}.new as {inner}"
        yield f"create sequence {place}.new"
        yield f"create type {place}.new as enum ('a')"
        yield f"create domain {place}.new as int"
        yield f"select 1 as x into {place}.new"
    yield f"create temp table new as {inner}"
    yield f"create temporary view new as {inner}"
    yield "create unlogged table new (x int)"
    yield "create schema new"
    yield f"create schema authorization {at.mine}"
    yield 'create collation own.new from "C"'
    yield "create operator own.+++ (function = int4pl, leftarg = int, rightarg = int)"
    yield "create aggregate own.agg (int) (sfunc = int4pl, stype = int)"
    yield "create cast (text as int) with inout"
    yield "create statistics own.s on note, source_row from own.event"
    yield "create index on own.event (note)"
    yield "create rule r as on select to own.event do instead select 1"
    yield "create trigger t before insert on own.event execute function suppress_redundant_updates_trigger()"
    yield "create event trigger t on ddl_command_end execute function suppress_redundant_updates_trigger()"
    yield "create policy p on own.event"
    yield "create publication p for all tables"
    yield f"create subscription s connection 'dbname={at.theirs}' publication p"
    yield "create foreign data wrapper w"
    yield "create server s foreign data wrapper w"
    yield "create user mapping for current_user server s"
    yield "create foreign table own.t (x int) server s"
    yield "import foreign schema own from server s into own"
    yield f"create tablespace t location '{at.folder}'"
    yield "create access method a type table handler heap_tableam_handler"
    yield "create text search configuration own.c (copy = simple)"
    yield "create transform for int language sql (from sql with function f(internal))"
    for table in (
        "own.event",
        "about.contents",
        "pg_catalog.pg_class",
        "pg_catalog.pg_authid",
        "pg_catalog.pg_proc",
        "pg_catalog.pg_largeobject",
    ):
        yield f"insert into {table} select * from {table}"
        yield f"delete from {table}"
        yield f"truncate {table}"
        yield f"drop table {table}"
        yield f"alter table {table} add column y int"
        yield f"alter table {table} owner to {at.mine}"
        yield f"lock table {table} in access exclusive mode"
        yield f"comment on table {table} is 'x'"
        yield f"with a as (delete from {table} returning 1) {inner}"
    yield "update own.event set note = 'x'"
    yield "update pg_catalog.pg_authid set rolsuper = true"
    yield "update pg_catalog.pg_settings set setting = '0' where name = 'temp_file_limit'"
    yield "merge into own.event using (select 1 as x) as s on false when not matched then insert values ('x', 1)"
    yield "select * from own.event for update"
    yield "drop schema own cascade"
    yield "alter schema own rename to mine"
    yield "alter default privileges grant all on tables to public with grant option for role hub"
    yield f"grant select on own.event to {at.theirs} with grant option granted by hub"
    yield f"alter large object {at.large_object} owner to {at.mine}"
    yield f"comment on large object {at.large_object} is 'x'"
    yield "security label on role current_user is 'x'"
    yield "checkpoint"
    yield "reindex table own.event"
    yield "reindex system"
    yield "cluster own.event using x"
    yield "refresh materialized view own.x"
    yield "begin; select * from own.event; prepare transaction 'x'"
    yield "commit prepared 'x'"
    yield "execute p"
    yield "call p()"
    yield "create_replication_slot x physical"
    yield "start_replication 0/0"
    yield "base_backup"
    yield "\\! cat /etc/passwd"
    yield "\\copy own.event to /tmp/x"


def harmless(at: Target) -> Iterator[str]:
    """Statements that the server says it has carried out, and that leave nothing behind and tell nothing of others."""
    yield "vacuum"
    yield "analyze"
    yield "vacuum full own.event"
    yield "analyze own.event"
    yield "cluster"
    yield "listen a"
    yield "notify a, 'b'"
    yield "unlisten *"
    yield "discard all"
    yield "reset all"
    yield "set statement_timeout = 0"
    yield "set work_mem = '1GB'"
    yield f"grant select on own.event to {at.theirs}"
    yield "grant usage on schema own to public"
    yield "grant create on schema own to public"
    yield "revoke select on own.event from public"
    yield "begin; declare c cursor with hold for select * from own.event; commit; fetch all from c; close c"
    yield "prepare p as select 1; execute p; deallocate p"
    yield "savepoint a"
    yield "set transaction read write"
    yield "lock table own.event in access share mode"


def leaks(at: Target) -> Iterator[str]:
    """Questions that are allowed, and must not tell whose else the server is, or what is theirs."""
    yield "show all"
    for setting in ("data_directory", "hba_file", "ident_file", "config_file", "external_pid_file", "session_preload_libraries"):
        yield f"show {setting}"
        yield f"select current_setting('{setting}', true)"
    yield "select version(), current_user, session_user, current_database(), current_schemas(true), current_query()"
    yield "select oid::regrole from generate_series(1, 30000) as s (oid)"
    yield "select oid::regnamespace, oid::regclass, oid::regtype, oid::regprocedure from generate_series(1, 30000) as s (oid)"
    yield "select makeaclitem(oid, 10, 'SELECT', false) from generate_series(16384, 17000) as s (oid)"
    yield "select pg_get_userbyid(oid) from generate_series(1, 30000) as s (oid)"
    yield "select obj_description(oid) from generate_series(1, 30000) as s (oid)"
    yield "select rolname from pg_roles"
    yield "select datname from pg_database"
    for name in (at.theirs, "hub", "none"):
        yield f"set role {name}"
        yield f"select '{name}'::regrole::oid::int / 0"
        yield f"select pg_has_role('{name}', 'usage')"
        yield f"select has_table_privilege('{name}', 'own.event', 'select')"
        yield f"select has_schema_privilege('{name}', 'own', 'usage')"
    yield "select xmin, xmax, cmin, ctid, tableoid from own.event"
    yield "select * from own.event where note = 'x' or 1 / 0 = 1"
    yield "explain (analyze, buffers, verbose, settings) select * from own.event"
    yield "explain (analyze, wal, verbose) select * from own.event"
    yield "select * from own.nothing"
    yield "select note::int from own.event"


def _elsewhere() -> list[Form]:
    """The same table expression in other places of a question, and in other words."""
    return [
        lambda x: f"with a as (select * from {x}) select * from a",
        lambda x: f"with a as materialized (select * from {x}) select * from a",
        lambda x: f"select (select count(*) from {x})",
        lambda x: f"select 1 where exists (select 1 from {x})",
        lambda x: f"select * from own.event cross join lateral (select * from {x}) as l",
        lambda x: f"/* a question */ select/**/*/**/from\n\t{x} -- done",
        lambda x: f"select 1 as a union all select count(*) from {x}",
        lambda x: f"explain analyze select * from {x}",
        lambda x: f"declare c cursor with hold for select * from {x}",
        lambda x: f"prepare p as select * from {x}; execute p",
        lambda x: f"copy (select * from {x}) to stdout",
        lambda x: f"begin; select * from {x}; commit",
        lambda x: f"select * from rows from (generate_series(1, 2)) as g cross join {x}",
        lambda x: f"select array(select t::text from {x} t)" if " as " not in x else f"select 1; select * from {x}",
        lambda x: f"select json_agg(t) from (select * from {x}) as t",
        lambda x: f"set role none; select * from {x}",
    ]


def _reworded() -> list[Form]:
    return [
        lambda x: f"/* select */ {x}",
        lambda x: f"  \n{x} ;  ",
        lambda x: f"-- select 1\n{x}",
        lambda x: f"select 1; {x}",
        lambda x: f"reset role; {x}",
        lambda x: f"begin read write; {x}",
        lambda x: f"explain analyze {x}",
        lambda x: f"prepare q as {x}; execute q",
    ]


def attacks(at: Target) -> list[Attack]:
    """Every attack. Of each it is also a success if the server is another afterwards (`attacker.state`)."""
    questions = [Attack("harmless", statement, "marked") for statement in harmless(at)]
    questions += [Attack("leak", question, "marked") for question in leaks(at)]
    return varied(reads(at), orders(at), questions, _elsewhere(), _reworded(), often=1)


def bombs() -> tuple[str, ...]:
    """Questions that never end, or take all the memory or disk; each must be refused within its time."""
    return (
        "select count(*) from generate_series(1, 1000000000000)",
        "with recursive a as (select 1 as n union all select n + 1 from a) select max(n) from a",
        "with recursive a as (select 1 as n union all select n from a, generate_series(1, 1000)) select count(*) from a",
        "select count(*) from generate_series(1, 100000) as a, generate_series(1, 100000) as b, generate_series(1, 100000) as c",
        "select md5(i::text) from generate_series(1, 100000000) as s (i) order by 1",
        "select count(distinct md5(i::text)) from generate_series(1, 100000000) as s (i)",
        "select repeat('x', 2000000000)",
        "select length(repeat(repeat('x', 1000000), 1000000))",
        "select " + "(" * 50_000 + "1" + ")" * 50_000,
        "select " + " + ".join(["1"] * 50_000),
        "declare c cursor with hold for select md5(i::text) from generate_series(1, 100000000) as s (i)",
    )

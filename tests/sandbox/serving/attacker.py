"""How an attack is carried out and judged: the session of a tenant, what it is told, and what the server is before and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus
from psycopg.pq.abc import PGconn

from tests.sandbox.escapes import MARK, PLACE, Attack
from tests.sandbox.serving.tenants import Tenant

OUTSIDE = (MARK, PLACE, "theirs", "SCRAM-SHA-256$")
"""What may stand in nothing that a session is told: rows and words of the other tenant, its partner's name, where data lie, a verifier."""


@dataclass
class Session:
    """A tenant's session, opened anew where the server has ended it. What it may take off, it takes off before each statement."""

    of: Tenant
    database: str | None = None
    before: tuple[str, ...] = ("set default_transaction_read_only = off", "set statement_timeout = '2s'", "set lock_timeout = '1s'")
    opened: psycopg.Connection[Any] | None = None
    notices: list[str] = field(default_factory=list)

    def told(self, statement: str) -> tuple[bool, str]:
        """Whether a statement is answered, and all that it is told: rows of each result, errors, notices."""
        if self.opened is None or self.opened.pgconn.status != ConnStatus.OK:
            self.opened = self.of.connect(self.database)
            self.opened.add_notice_handler(
                lambda said: self.notices.append(f"{said.message_primary} {said.message_detail} {said.message_hint}")
            )
        for one in ("rollback", "discard all", *self.before):
            self.opened.pgconn.exec_(one.encode())
        self.notices.clear()
        is_answered, said = _run(self.opened.pgconn, statement)
        return is_answered, " ".join([said, *self.notices])

    def close(self) -> None:
        if self.opened is not None:
            self.opened.close()


def _run(connection: PGconn, statement: str) -> tuple[bool, str]:
    """To what the server copies from it is handed nothing; what it copies to is taken."""
    connection.send_query(statement.encode())
    connection.flush()
    is_answered, said = True, b""
    while (result := connection.get_result()) is not None:
        if result.status == ExecStatus.COPY_IN:
            connection.put_copy_end(b"nothing is sent")
            connection.flush()
            said += b"copied in"
        elif result.status == ExecStatus.COPY_OUT:
            while (got := connection.get_copy_data(0))[0] > 0:
                said += bytes(got[1])
        elif result.status in (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE):
            is_answered = b"copied in" in said
            said += result.error_message
            said += b"".join(result.error_field(field) or b"" for field in DiagnosticField)
        else:
            said += b" ".join(result.get_value(row, column) or b"" for row in range(result.ntuples) for column in range(result.nfields))
        if connection.status != ConnStatus.OK:
            break
    return is_answered, said.decode(errors="replace")


def succeeds(session: Session, attack: Attack) -> bool:
    is_answered, said = session.told(attack.statement)
    is_marked = any(mark in said and mark not in attack.statement for mark in OUTSIDE)
    return is_marked or (attack.wrong == "answered" and is_answered)


def state(of: Tenant, folder: Path) -> dict[str, Any]:
    """What no statement of a partner may change: roles, databases, settings, rights and objects, rows, and files beside the data."""
    asked = {
        "databases": "select datname, datdba, datacl::text, datconnlimit from pg_database order by 1",
        "roles": "select * from pg_authid order by oid",
        "settings": "select * from pg_db_role_setting order by 1, 2",
        "members": "select roleid, member from pg_auth_members order by 1, 2",
        "places": "select spcname from pg_tablespace order by 1",
        "files": "select sourcefile, name, setting from pg_file_settings order by 1, 2, 3",
        "transactions": "select gid from pg_prepared_xacts",
        "slots": "select slot_name from pg_replication_slots",
        "said": "select * from pg_shdescription order by 1, 2, 3",
    }
    inside = {
        "schemas": "select nspname, nspowner, nspacl::text from pg_namespace where not nspname like 'pg\\_%temp\\_%' order by 1",
        "relations": "select oid, relname, relowner, relacl::text, relfilenode from pg_class order by 1",
        "functions": "select oid, proname, proacl::text from pg_proc order by 1",
        "types": "select count(*) from pg_type",
        "objects": "select loid, data from pg_largeobject order by 1",
        "rows": "select * from own.event order by 1",
        "extensions": "select extname from pg_extension",
        "languages": "select lanname from pg_language order by 1",
    }
    with of.server.superuser() as admin, of.server.superuser(of.name) as own:
        seen = {name: admin.execute(query.encode()).fetchall() for name, query in asked.items()}
        seen |= {name: own.execute(query.encode()).fetchall() for name, query in inside.items()}
    return seen | {name: sorted(path.iterdir()) for name, path in (("beside", folder), ("base", of.server.data / "base"))}

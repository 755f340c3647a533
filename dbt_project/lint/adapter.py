"""What sqlfluff needs of dbt's `adapter` to render a macro that dispatches; used by the SQL linter alone (see ../../.sqlfluff)."""

from collections.abc import Callable


def dispatch(name: str) -> Callable[..., str]:
    """A stand-in for the engine's own macro: a type where one is asked for, else a column name."""
    return lambda *_arguments: "varchar" if name.startswith("type_") else f"{name}_result"

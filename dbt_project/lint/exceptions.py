"""What sqlfluff needs of dbt's `exceptions`; used by the SQL linter alone (see ../../.sqlfluff)."""


def raise_compiler_error(message: str) -> None:
    """Fail the rendering, as dbt does."""
    raise ValueError(message)

"""What sqlfluff needs of dbt's `model` to render a table that no feed fills; used by the SQL linter alone (see ../../.sqlfluff)."""

from types import SimpleNamespace

columns = {"nothing": SimpleNamespace(name="nothing", data_type="varchar")}

"""From gated tables to an immutable, checksummed release, and every way to read one back.

Here: what a night rests on (`plan`), writing a release (`publish` and what it is made of), reading, comparing and exporting
releases, tracing a row to the delivered file, night records. Not here: building the tables (dbt, `orchestration`) and judging
them (`quality`).
"""

"""Identity: which version of each record stands, and which identifiers name one person or one thing.

Reads accepted rows' system columns, `links.parquet` and `demographics.parquet`, nothing else; gives Parquet tables that the build loads
for dbt.
Sees tokens only, never an identifier's text.
"""

"""How much one record may be: bounds that keep a hostile or broken file from taking the machine down."""

from __future__ import annotations

BATCH_ROWS = 50_000
"""Rows of one object that are handed on together."""
MAX_LINE_BYTES = 16 * 1024 * 1024
"""Longest physical line. A longer one is no record but a file without line ends."""
MAX_FIELD_CHARACTERS = 1024 * 1024
"""Longest cell of a delimited file; a longer one is a quotation mark that was never closed."""
MAX_DEPTH = 64
"""Deepest nesting of a record; FHIR resources stay below 20."""

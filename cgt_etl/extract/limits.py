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
MAX_PARTS = 2_000
"""Entries of a workbook's archive; a workbook of a few sheets has about twenty."""
MAX_EXPANDED_BYTES = 512 * 1024 * 1024
"""A workbook's parts together, taken out of the archive."""
MAX_EXPANSION = 200
"""How many times larger a part may be than in the archive, where it is larger than `MAX_UNJUDGED_BYTES`; sheets reach about fifty."""
MAX_UNJUDGED_BYTES = 8 * 1024 * 1024
"""A part up to this size is never a bomb."""
MAX_SHEET_ROWS = 1_048_576
"""The format's own limit."""
MAX_SHEET_COLUMNS = 1_024
MAX_SHEET_CELLS = 20_000_000
"""Rows times columns from the first to the last: what reading the sheet takes, empty cells included (about 32 bytes each)."""
MAX_FORM_CELLS = 100_000
"""Filled cells of a sheet that is one form."""
MAX_SEGMENTS = 20_000
"""Segments of one HL7 message; a panel with all its notes has some hundreds."""

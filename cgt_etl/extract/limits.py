"""How much one record may be: bounds that keep a hostile or broken file from taking the machine down."""

from __future__ import annotations

BATCH_ROWS = 50_000
"""Rows of one object that are handed on together."""
MAX_LINE_BYTES = 16 * 1024 * 1024
"""Longest physical line. A longer one is no record but a file without line ends."""
MAX_FIELD_CHARACTERS = 1024 * 1024
"""Longest cell of a delimited file; a longer one is a quotation mark that was never closed."""
MAX_HEAD_RECORDS = 200
"""Records of a delimited file that are looked at for the header below a labelled head."""
MAX_DEPTH = 64
"""Deepest nesting of a record; FHIR resources stay below 20."""
MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
"""Largest JSON document, which is held in memory whole; a year of one-minute readings has about 20 MB."""
MAX_DOCUMENT_VALUES = 2_000_000
"""Most values of a JSON document, told by its commas and brackets: what it takes in memory (about 100 bytes each)."""
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
MAX_UNMAPPED = 1_000
"""Names of elements outside the contract that are counted one by one; the rest are counted together."""
MAX_NAMES = 10_000
"""Different names of elements and attributes in an XML document; a schema has some hundreds."""
MAX_NAME_CHARACTERS = 256
"""Longest name in an XML document, with its prefix."""
MAX_NAMESPACE_CHARACTERS = 1_024
MAX_ATTRIBUTES = 256
"""Attributes of one XML element."""
MAX_TOKEN_BYTES = 256 * 1024
"""Longest tag (with its attributes), comment or instruction of an XML document; text may be longer."""
MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Longest record element of an XML document."""
MAX_RECORD_NODES = 100_000
"""Elements and attributes of one XML record; a batch record with every reading of a month has some ten thousands."""

"""How much one record may be: bounds that keep a hostile or broken file from taking the machine down."""

from __future__ import annotations

BATCH_ROWS = 50_000
"""Rows of one object that are handed on together."""
MAX_LINE_BYTES = 16 * 1024 * 1024
"""Longest physical line. A longer one is no record but a file without line ends."""
MAX_FIELD_CHARACTERS = 1024 * 1024
"""Longest cell of a delimited file; a longer one is a quotation mark that was never closed."""
MAX_COLUMNS = 10_000
"""Columns of a delimited file or attributes of an ARFF file."""
MAX_MISREAD = 100_000
"""Records of a file that cannot be read, each set aside with its text; more of them are a file that is not what it should be."""
MAX_MISREAD_BYTES = 16 * 1024 * 1024
"""Their texts together."""
MAX_HEAD_RECORDS = 200
"""Records of a delimited file that are looked at for the header below a labelled head."""
MAX_DEPTH = 64
"""Deepest nesting of a record; FHIR resources stay below 20."""
MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
"""Largest JSON document, which is held in memory whole; a year of one-minute readings has about 20 MB."""
MAX_DOCUMENT_VALUES = 2_000_000
"""Most values of a JSON document, told by its commas and brackets: what it takes in memory (about 100 bytes each)."""
MAX_UNPACKED_BYTES = 2 * 1024 * 1024 * 1024
"""A file out of gzip or zip."""
MAX_GZIP_MEMBERS = 100_000
"""Members of a gzip file, one behind the other; a writer of blocks makes one for each 64 KiB."""
MAX_ZIP_ENTRIES = 10_000
"""Entries of a delivered zip, those included that are not read."""
MAX_PARTS = 2_000
"""Entries of a workbook's archive; a workbook of a few sheets has about twenty."""
MAX_EXPANDED_BYTES = 512 * 1024 * 1024
"""A workbook's parts together, taken out of the archive."""
MAX_EXPANSION = 200
"""How many times larger a part of a workbook or a packed file may be than it came, where it is larger than `MAX_UNJUDGED_BYTES`; sheets
reach about fifty."""
MAX_UNJUDGED_BYTES = 8 * 1024 * 1024
"""A part or a file up to this size is never a bomb."""
MAX_SHEET_ROWS = 1_048_576
"""The format's own limit."""
MAX_SHEET_COLUMNS = 1_024
MAX_SHEET_CELLS = 20_000_000
"""Rows times columns from the first to the last: what reading the sheet takes, empty cells included (about 32 bytes each)."""
MAX_FORM_CELLS = 100_000
"""Filled cells of a sheet, or lines of a text, that is one form."""
MAX_SHEET_CELLS_EACH = 100
"""How many times more cells than it has a sheet may span, where it spans more than `MAX_UNJUDGED_CELLS`: stray cells far from the data."""
MAX_UNJUDGED_CELLS = 1_000_000
MAX_SHARED_TEXTS = 2_000_000
"""Texts that the sheets of a workbook share, held in memory whole."""
MAX_SHARED_BYTES = 128 * 1024 * 1024
MAX_MERGED = 10_000
"""Merged regions of a sheet."""
MAX_BOOK_BYTES = 2 * 1024 * 1024
"""A workbook's list of its sheets."""
MAX_PLATE_LINES = 5_000
"""Lines of a text that is one plate; one with ten blocks of 384 wells and a line per well has some hundreds."""
MAX_SEGMENTS = 20_000
"""Segments of one HL7 message, and rows that one of its fields gives; a panel with all its notes has some hundreds."""
MAX_MESSAGE_CHARACTERS = 8 * 1024 * 1024
"""One HL7 message; a report in it may have some megabytes."""
MAX_MESSAGE_SIGNS = 500_000
"""Signs in one HL7 message that divide it or begin an escape."""
MAX_SEGMENT_FIELDS = 1_000
MAX_UNMAPPED = 1_000
"""Names of elements outside the contract that are counted one by one; the rest are counted together."""
MAX_NAMES = 10_000
"""Different names of elements and attributes in an XML document; a schema has some hundreds."""
MAX_NAME_CHARACTERS = 256
"""Longest name in an XML document, with its prefix."""
MAX_NAMESPACE_CHARACTERS = 1_024
MAX_ATTRIBUTES = 256
"""Attributes of one XML element."""
MAX_DOCUMENT_TYPE_BYTES = 32 * 1024
"""Longest internal subset of an XML document type that a contract takes, with the 64 Ki characters that it must end in; Apple Health's has
eight kilobytes."""
MAX_TOKEN_BYTES = 256 * 1024
"""Longest tag (with its attributes), comment or instruction of an XML document; text may be longer."""
MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Longest record element of an XML document."""
MAX_RECORD_NODES = 100_000
"""Elements and attributes of one XML record, values of a JSON line, rows that one record gives; a batch record with every reading of a
month has some ten thousands."""
MAX_FLOW_BYTES = 256 * 1024 * 1024
"""Largest flow cytometry file, whose events are held in memory whole; a million events of 40 parameters have 160 MB."""
MAX_FLOW_TEXT_BYTES = 4 * 1024 * 1024
"""Longest segment of keywords of a flow cytometry file; one with the spill-over of a hundred parameters has some hundred kilobytes."""
MAX_FLOW_PARAMETERS = 999
"""Parameters of a flow cytometry file; full-spectrum cytometers have about two hundred."""
MAX_FLOW_VALUES = 50_000_000
"""Events times parameters, where they are floating-point numbers (about 16 bytes each while they are read)."""
MAX_FLOW_INTEGERS = 10_000_000
"""Events times parameters, where they are integers, which are cut to their range one by one (about 50 bytes each)."""

"""A release as process-mining tools read it: an event log in OCEL 2.0 or XES 1.0.

Reads a release's tables and writes one file. Holds no statistics, and no identifier that the release does not have: things and journeys
are named by their released keys. A log has true times, as the release has; it is no shared view.
"""

from cgt_etl.handoffs.mining.write import FORMATS, Format, Written, write_log

__all__ = ["FORMATS", "Format", "Written", "write_log"]

"""XES 1.0 (xes-standard.org): a journey is a trace, its events in order of time. Text in, text out; reads no release."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cgt_etl.handoffs.mining.logged import OF_A_CASE, SAID, Case

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xes.features="" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Identity" prefix="identity" uri="http://www.xes-standard.org/identity.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <global scope="trace">
    <string key="concept:name" value="unknown"/>
  </global>
  <global scope="event">
    <string key="concept:name" value="unknown"/>
    <date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>
    <string key="identity:id" value="unknown"/>
  </global>
  <classifier name="Event type" keys="concept:name"/>
"""
_KEYS = {name: name for name in (*SAID, *OF_A_CASE)} | {"site_id": "org:group"}
"""Column -> key of the attribute: the standard's where it has one."""
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write, escaped or not."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


def lines(name: str, cases: Iterable[Case]) -> Iterator[str]:
    """The file, in pieces; `name` is the log's. A character that XML cannot hold becomes U+FFFD."""
    yield _HEAD
    yield _attribute("string", "concept:name", name, 1)
    for case in cases:
        yield "  <trace>\n" + _attribute("string", "concept:name", case.id, 2) + _all(case.said, 2)
        for event in case.events:
            yield (
                "    <event>\n"
                + _attribute("string", "concept:name", event.type, 3)
                + _attribute("date", "time:timestamp", event.at, 3)
                + _attribute("string", "identity:id", event.id, 3)
                + _all(event.said, 3)
                + "    </event>\n"
            )
        yield "  </trace>\n"
    yield "</log>\n"


def _all(said: dict[str, str], depth: int) -> str:
    return "".join(_attribute("string", _KEYS[name], value, depth) for name, value in said.items())


def _attribute(kind: str, key: str, value: str, depth: int) -> str:
    return f'{"  " * depth}<{kind} key="{key}" value="{_IMPOSSIBLE.sub(chr(0xFFFD), value).translate(_ESCAPES)}"/>\n'

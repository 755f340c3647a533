"""Writes small flow cytometry files, whole or as wrong as a test asks; the same bytes every time. Knows no reader."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

_PACKED = {("I", 8): "B", ("I", 16): "H", ("I", 32): "I", ("F", 32): "f", ("D", 64): "d"}
Parameter = tuple[str, int, object]
"""Short name, bits, range."""


def fcs(
    parameters: Sequence[Parameter],
    events: Sequence[Sequence[float]],
    keywords: Mapping[str, object] | None = None,
    *,
    version: str = "FCS3.1",
    kind: str = "I",
    order: str = "1,2,3,4",
    delimiter: str = "/",
    tail: str = "",
    offsets: Mapping[str, tuple[int, int]] | None = None,
) -> bytes:
    """A file with these events; `keywords` replace or add to those it needs (None leaves one out), `tail` is put before the end of TEXT,
    `offsets` replace where HEADER says that TEXT, DATA or ANALYSIS lies."""
    sign = ">" if order.startswith(("4", "2")) else "<"
    packed = struct.Struct(sign + "".join(_PACKED.get((kind, bits), "H") for _, bits, _ in parameters))
    data = b"".join(packed.pack(*event) for event in events)
    stated: dict[str, object] = {
        "$BYTEORD": order, "$DATATYPE": kind, "$MODE": "L", "$NEXTDATA": 0, "$PAR": len(parameters), "$TOT": len(events),
        "$BEGINDATA": " " * 8, "$ENDDATA": " " * 8,
    }  # fmt: skip
    for number, (name, bits, top) in enumerate(parameters, start=1):
        stated |= {f"$P{number}N": name, f"$P{number}B": bits, f"$P{number}R": top, f"$P{number}E": "0,0"}
    stated |= keywords or {}
    if version == "FCS2.0":
        del stated["$BEGINDATA"], stated["$ENDDATA"]
    length = len(_text(stated, delimiter, tail))
    begin = 58 + length
    end = begin + len(data) - 1
    for keyword, place in (("$BEGINDATA", begin), ("$ENDDATA", end)):
        if stated.get(keyword) == " " * 8:
            stated[keyword] = f"{place:8d}"
    segments = {"TEXT": (58, begin - 1), "DATA": (begin, end), "ANALYSIS": (0, 0), **(offsets or {})}
    header = f"{version}    " + "".join(f"{first:8d}{last:8d}" for first, last in segments.values())
    return header.encode() + _text(stated, delimiter, tail) + data


def _text(stated: Mapping[str, object], delimiter: str, tail: str) -> bytes:
    pairs = (
        f"{keyword}{delimiter}{str(value).replace(delimiter, delimiter * 2)}{delimiter}"
        for keyword, value in stated.items()
        if value is not None
    )
    return (delimiter + "".join(pairs) + tail).encode()

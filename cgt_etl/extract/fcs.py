"""Flow cytometry files (FCS 2.0, 3.0, 3.1): an acquisition and its parameters, with plain statistics of the events; no gating.

The unit is the data set, and a file has one. Physical names are keywords as the standard writes them (`$CYT`, `SAMPLE ID`), of a parameter
with `n` for its number (`$PnN`, `PnDETECTORNAME`); `$CYTSN|CYTNUM` is the first of them that stands there; in parentheses stands what is no
keyword: `(version)`, and of a parameter `(number)` and the statistics of `STATISTICS`.

Statistics are of the values as they stand in the file, cut to their range as the standard says, neither scaled by gain nor made linear.
Minimum, maximum and median are exact. The mean is the exact sum divided by the count, and the standard deviation (n - 1) is of the exact
sum of the squared differences from it, each rounded once to a double, so that no order of addition and no machine makes another text;
numbers are written as the shortest text that reads back the same. Values that are no finite numbers are counted and left out.

Flowio reads the events, after `fcs_text` has held what the file says to its bytes; nothing it says is repeated.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import flowio
import numpy as np
import numpy.typing as npt

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import DeclarationError
from cgt_etl.extract import limits
from cgt_etl.extract.fcs_text import AGAIN, DataSet, data_set, refuse
from cgt_etl.extract.nested import Unmapped
from cgt_etl.extract.records import Batch, Reading, Rows

STATISTICS = ("(minimum)", "(maximum)", "(mean)", "(median)", "(standard deviation)", "(saturated)", "(not finite)")
"""`(saturated)` counts the events at or above the top of their range, `(not finite)` those that are no number or an infinite one."""
_KNOWN = {True: ("(version)",), False: ("(number)", *STATISTICS)}
_POSITION = 1
_CHUNK = 100_000
_OF_PARAMETER = re.compile(r"(\$?P)([1-9][0-9]{0,2})([A-Z].*)", re.DOTALL)
_SHORT_NUMBER = re.compile(r"(?<![0-9])[0-9]{1,3}(?![0-9])")
_LAYOUT = frozenset(f"${end}{segment}" for end in ("BEGIN", "END") for segment in ("DATA", "STEXT", "ANALYSIS")) | {"$NEXTDATA"}
"""Keywords that say where in the file something lies."""
Texts = dict[str, list[str]]
"""Name in upper case -> its different values."""


def reading(path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> Reading:
    """The rows of a flow cytometry file; see `cgt_etl.extract.open_reader`. `ignored` are keywords, with `n` for a number of up to three
    digits (`BD$WORDn`).

    Raises:
        DeclarationError: a name in parentheses is none that the reader counts.
    """
    for place, spec in enumerate(objects):
        for column in spec.columns:
            if column.physical_name.startswith("(") and column.physical_name not in _KNOWN[place == 0]:
                what = f"`{column.physical_name}` of `{spec.name}` is nothing that is counted"
                raise DeclarationError(what, column=column.name, remedy=f"Write a keyword, or one of {', '.join(_KNOWN[place == 0])}")
    return Reading(lambda result: _batches(path, objects, frozenset(name.upper() for name in ignored), result))


def printed(path: Path) -> Iterator[str]:
    """Keywords and values of the data set, one a line; for the eyes of a person who may see them.

    Raises:
        RefusedFile: as when it is read.
    """
    content = _content(path)
    yield from (f"{keyword}: {value}" for keyword, values in data_set(path, content).keywords.items() for value in values)


def _batches(path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str], result: Reading) -> Iterator[Batch]:
    content = _content(path)
    said = data_set(path, content)
    values = _events(path, content, said)
    result.units += 1
    record, *others = objects
    rows = Rows(record, is_record=True)
    _add(rows, record, {**said.keywords, "(VERSION)": [said.version]}, 0, hashlib.sha256(content).digest())
    made = [rows]
    for spec in others:
        rows = Rows(spec, is_record=False)
        keywords = _of_parameters(said)
        for parameter, column in zip(said.parameters, values.T, strict=True):
            _add(rows, spec, keywords[parameter.number] | statistics(column, parameter.top), parameter.number - 1, None)
        made.append(rows)
    _tell_unmapped(said, objects, ignored, result)
    yield from (batch for rows in made if (batch := rows.batch()))


def _content(path: Path) -> bytes:
    if path.stat().st_size > limits.MAX_FLOW_BYTES:
        raise refuse(path, f"the file has more than {limits.MAX_FLOW_BYTES} bytes", "Export fewer events or parameters a file")
    return path.read_bytes()


def _events(path: Path, content: bytes, said: DataSet) -> npt.NDArray[Any]:
    """The events as numbers, one row an event and one column a parameter.

    Raises:
        RefusedFile: flowio cannot read them, or reads the keywords that describe them otherwise than we do.
    """
    shape = (said.events, len(said.parameters))
    if not said.events:
        return np.empty(shape)
    try:
        flow = flowio.FlowData(io.BytesIO(content))
        is_same = all(flow.text[keyword.lower().replace("$", "")] == said.one(keyword).replace("$", "") for keyword in said.structural)
    except Exception:  # flowio raises whatever Python does on what it did not expect, and its messages may hold values
        raise refuse(path, "its keywords or events cannot be read", AGAIN) from None
    if not is_same:
        raise refuse(path, "a keyword that says what the events are stands there a second time, without its $")
    read = flow.events
    values = np.array(read, dtype=np.int64) if isinstance(read, list) else np.frombuffer(read, dtype=read.typecode)
    return values.reshape(shape)


def statistics(column: npt.NDArray[Any], top: float) -> Texts:
    """The statistics of one parameter's values as text; what there is none of (a mean of nothing, a deviation of one) is left out."""
    is_integer = column.dtype.kind in "iu"
    finite = column.astype(np.float64) + 0.0  # there is one nought
    finite = finite if is_integer else finite[np.isfinite(finite)]
    count = len(finite)
    found: dict[str, float | int | None] = {
        "(SATURATED)": int(np.count_nonzero(column.astype(np.float64) >= top)),
        "(NOT FINITE)": len(column) - count,
    }
    if count:
        middle = np.partition(finite, [(count - 1) // 2, count // 2])
        mean = _sum(finite) / count
        with np.errstate(over="ignore", invalid="ignore"):
            squares = (finite - mean) ** 2
        found |= {
            "(MINIMUM)": finite.min().item(),
            "(MAXIMUM)": finite.max().item(),
            "(MEAN)": mean,
            "(MEDIAN)": middle[(count - 1) // 2].item() / 2 + middle[count // 2].item() / 2,
            "(STANDARD DEVIATION)": math.sqrt(_sum(squares) / (count - 1)) if count > 1 else None,
        }
        if is_integer:
            found |= {name: int(found[name] or 0) for name in ("(MINIMUM)", "(MAXIMUM)")}
    return {name: [repr(value)] for name, value in found.items() if value is not None and math.isfinite(value)}


def _sum(values: npt.NDArray[np.float64]) -> float:
    """Exact, rounded once; not a number where the sum, on the way, is beyond all doubles."""
    try:
        return math.fsum(chain.from_iterable(values[at : at + _CHUNK].tolist() for at in range(0, len(values), _CHUNK)))
    except (OverflowError, ValueError):
        return math.nan


def _of_parameters(said: DataSet) -> dict[int, Texts]:
    """Number -> the keywords that bear it, with `n` in its place."""
    found: dict[int, Texts] = {one.number: {"(NUMBER)": [str(one.number)]} for one in said.parameters}
    for keyword, values in said.keywords.items():
        match = _OF_PARAMETER.fullmatch(keyword)
        if match and int(match[2]) in found:
            found[int(match[2])][f"{match[1]}N{match[3]}"] = values
    return found


def _add(rows: Rows, spec: ObjectSpec, texts: Texts, item: int, raw: bytes | None) -> None:
    found = [next((texts[name] for name in column.physical_name.upper().split("|") if name in texts), []) for column in spec.columns]
    rows.add(_POSITION, [values[0] if len(values) == 1 else None for values in found], item=item, raw=raw)
    for place, values in enumerate(found):
        if len(values) > 1:
            rows.several(place, json.dumps(values))


def _tell_unmapped(said: DataSet, objects: tuple[ObjectSpec, ...], ignored: frozenset[str], result: Reading) -> None:
    """Keywords outside the contract, those that differ in a number counted as one."""
    read = {name for spec in objects for column in spec.columns for name in column.physical_name.upper().split("|")}
    left = {_SHORT_NUMBER.sub("n", keyword) for keyword in said.keywords if keyword not in read | set(said.structural)}
    unmapped = Unmapped()
    # a dot in a keyword is no way through a record
    unmapped.add((name.replace(".", " ") for name in left if name.upper() not in read | ignored | _LAYOUT), _POSITION)
    unmapped.tell(result)

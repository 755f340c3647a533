"""The document type of an XML document whose contract takes one: plain declarations of elements and attributes, and nothing else.

Looked at as bytes before the parser reads it, by what may stand there and not by what may not: declarations of elements (whose content is
not checked), of attributes that are text (`CDATA`, required or not, without a value of their own, so that none is put into a record and no
blank of one is taken away), comments and blanks. An entity, a notation, an instruction or a reference is none of these.
"""

from __future__ import annotations

import re

_BLANK = rb"[ \t\r\n]"
_NAME = rb"[^\s<>\[\]()'\"%&#,|]+"
_BLANKS = re.compile(_BLANK + rb"+")
_ELEMENT = re.compile(rb"<!ELEMENT" + _BLANK + rb"+" + _NAME + _BLANK + rb"+[^<>\[\]'\"%&;]*>")
_ATTRIBUTES = re.compile(rb"<!ATTLIST" + _BLANK + rb"+" + _NAME)
_ATTRIBUTE = re.compile(_BLANK + rb"+" + _NAME + _BLANK + rb"+CDATA" + _BLANK + rb"+#(?:REQUIRED|IMPLIED)")
_CLOSED = re.compile(_BLANK + rb"*>")
_END = re.compile(rb"\]" + _BLANK + rb"*>")
_COMMENT, _DASHES = b"<!--", b"--"


def first_that_is_not_plain(content: bytes | bytearray, begin: int, most_bytes: int) -> int | None:
    """Where something stands that is no plain declaration; None where the internal subset that begins with `[` at `begin` is all plain.

    A subset that does not end within `most_bytes` is not plain where they end.
    """
    end = min(begin + most_bytes, len(content))
    if content[begin : begin + 1] != b"[":
        return begin
    reached = begin + 1
    while (after := _behind(content, reached, end)) is not None:
        reached = after
    return None if _END.match(content, reached, end) else reached


def _behind(content: bytes | bytearray, begin: int, end: int) -> int | None:
    """Where the blanks, comment or declaration that stands at `begin` ends; None where there is none that is plain.

    One at a time: possessive groups, with which one expression could say all of it, are wrong in Python before 3.11.5.
    """
    if content.startswith(_COMMENT, begin, end):
        dashes = content.find(_DASHES, begin + len(_COMMENT), end)
        return dashes + 3 if dashes >= 0 and content[dashes + 2 : min(dashes + 3, end)] == b">" else None
    if found := _BLANKS.match(content, begin, end) or _ELEMENT.match(content, begin, end):
        return found.end()
    found = _ATTRIBUTES.match(content, begin, end)
    while found:
        if closed := _CLOSED.match(content, found.end(), end):
            return closed.end()
        found = _ATTRIBUTE.match(content, found.end(), end)
    return None

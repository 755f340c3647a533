"""Byte order marks, as a writer needs them: to be left where they stand."""

from __future__ import annotations

import codecs


def coded(head: bytes, encoding: str) -> tuple[bytes, str]:
    """The byte order mark that a file begins with, told by its first bytes, and the encoding of what stands behind it."""
    if encoding == "utf-16":
        return head[:2], "utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    if encoding == "utf-8-sig":
        return codecs.BOM_UTF8 if head.startswith(codecs.BOM_UTF8) else b"", "utf-8"
    return b"", encoding

"""The texts in the bytes of a report."""

from __future__ import annotations

import base64
import re
import zlib


def pdf_text(content: bytes) -> str:
    """The texts that its pages draw, in order."""
    streams = re.findall(rb"stream\r?\n(.*?)~>\s*endstream", content, re.DOTALL)
    drawn = b"".join(zlib.decompress(base64.a85decode(one.strip())) for one in streams)
    return " ".join(text.decode("latin-1") for text in re.findall(rb"\((.*?)(?<!\\)\) Tj", drawn))


def text(name: str, content: bytes) -> str:
    """All that a file says, by its name."""
    if not name.endswith(".pdf"):
        return content.decode()
    # packed, a page can spell any four letters by chance
    around = re.sub(rb"stream\r?\n.*?~>\s*endstream", b"", content, flags=re.DOTALL)
    return pdf_text(content) + around.decode("latin-1")

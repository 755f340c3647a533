"""The page of a sandbox as one HTML file: no script, style, font or picture from elsewhere; it prints. Adds nothing to what `view` says."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing import durable
from cgt_etl.reports.page import template
from cgt_etl.sandbox import home
from cgt_etl.sandbox.view import Agreement, View, view
from cgt_etl.settings import Settings

TEMPLATE = "sandbox.html.jinja"
FILE = "sandbox.html"


def page(shown: View) -> str:
    """The page. Whatever a partner's name or file holds stands there as text."""
    return template(TEMPLATE).render(view=shown) + "\n"


def write_page(settings: Settings, partner: str, out: Path, *, who: str, at: datetime, agreements: Sequence[Agreement] = ()) -> Path:
    """Write `<out>/<partner>/sandbox.html`, over what was there, and give its path; that it was written is in the trail, and on it.

    Raises:
        CgtError: no such partner or sandbox, nobody is named, or the release that the sandbox was made from is gone.
    """
    registry = Registry.load(settings)
    box = home.box(settings, registry, partner)
    view(settings, registry, box, agreements)  # what cannot be shown is not said to have been
    box.trail.append(at, who, "page", {})
    text = page(view(settings, registry, box, agreements))
    folder = out / partner
    durable.make_folder(folder)
    durable.replace_file(folder / FILE, [text.encode()])
    with suppress(OSError):  # another run writes there
        (folder / durable.WORKPLACE).rmdir()
    return folder / FILE

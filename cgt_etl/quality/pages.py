"""Makes Great Expectations' pages stand alone, and puts the verdict on their first page.

As they come they would fetch scripts, styles and pictures from half a dozen hosts whenever somebody opens one, and advertise. That
goes; a small style of our own comes. What the pages say of an expectation is left as it is.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from cgt_etl.quality.verdict import Result, Verdict

_SCRIPT = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL | re.IGNORECASE)
_REMOTE = re.compile(r"<(?:link|img)\b[^>]*(?:href|src)\s*=\s*[\"']https?://[^>]*>|url\([\"']?https?://[^)]*\)", re.DOTALL | re.IGNORECASE)
_STYLE = """
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem; }
.modal, .navbar, .btn, footer, #footer, .nav-tabs, .nav-pills, .card { display: none !important; }
.collapse, .tab-pane { display: block !important; opacity: 1 !important; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd; }
th { background: #f4f4f4; }
.row, .alert { margin: .75rem 0; }
.fa-check-circle::before { content: "\u2713"; color: #1a7f37; font-style: normal; }
.fa-times::before { content: "\u2717"; color: #b42318; font-style: normal; }
.fa-exclamation-triangle::before { content: "!"; color: #b42318; font-style: normal; }
.fails td { background: #fdecea; }
</style>
</head>"""


def finish(folder: Path, verdict: Verdict) -> None:
    """Rewrite every page below `folder`, in which Great Expectations has left its Data Docs."""
    found = sorted(folder.rglob("*.html"))
    links = "".join(_link(page.relative_to(folder)) for page in found if page.parent != folder)
    for page in found:
        text = _REMOTE.sub("", _SCRIPT.sub("", page.read_text(encoding="utf-8"))).replace("</head>", _STYLE, 1)
        if page == folder / "index.html":
            text = re.sub(r"(<body\b[^>]*>)", lambda body: body.group(0) + _summary(verdict) + f"<ul>{links}</ul>", text, count=1)
        page.write_text(text, encoding="utf-8")


def _summary(verdict: Verdict) -> str:
    rows = "".join(_row(result) for result in verdict.results)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Rule", "Expectation", "A failure", "Outcome", "Where"))
    return (
        f"<h1>The gate is {'open' if verdict.is_open else 'closed'}</h1>\n"
        f"<p>{len(verdict.closing)} of {len(verdict.results)} expectations close it, {len(verdict.warnings)} warn.</p>\n"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>\n"
    )


def _link(page: Path) -> str:
    """To a page of one suite; the first page that Great Expectations leaves finds these with a script."""
    return f'<li><a href="{html.escape(page.as_posix())}">{html.escape(page.parts[0])}: {html.escape(page.stem.split("-")[-1])}</a></li>'


def _row(result: Result) -> str:
    outcome = "could not be evaluated" if result.is_engine_error else "holds" if result.success else "does not hold"
    cells = (
        result.rule_id,
        result.title,
        "blocks" if result.effect == "block" else "warns",
        outcome,
        "" if result.success else result.table,
    )
    return f"<tr{'' if result.success else ' class=fails'}>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"

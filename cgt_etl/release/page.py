"""One page of rows to read and search, whole in one file: no script, style or font from elsewhere, and it prints.

Knows nothing of what the rows say.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

LONG = 160
"""Characters of a cell beyond which it is folded; searched and printed all the same."""
_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #1a1a1a; background: #fff; }
input { font: inherit; width: 24rem; max-width: 100%; padding: .35rem .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .45rem; border-bottom: 1px solid #ddd; }
th { position: sticky; top: 0; background: #f4f4f4; }
.words { min-width: 16rem; }
.list { min-width: 10rem; overflow-wrap: anywhere; }
p { max-width: 70rem; color: #444; }
summary { cursor: pointer; }
@media print { form { display: none; } body { font-size: 8pt; max-width: none; } th { position: static; } }
""".strip()
_SEARCH = """
const box = document.getElementById("search"), told = document.getElementById("shown");
const rows = [...document.querySelectorAll("tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
const search = () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const [row, text] of rows) {
    row.hidden = !words.every((word) => text.includes(word));
    shown += !row.hidden;
  }
  told.textContent = `${shown} of ${rows.length} rows`;
};
box.value = decodeURIComponent(location.hash.slice(1));
box.addEventListener("input", search);
search();
""".strip()


def page(title: str, said: str, rows: Sequence[Mapping[str, str]]) -> str:
    """HTML of a table with a search box; the lines of `said` stand above it. A page opened at `#words` is searched for them."""
    names = list(rows[0]) if rows else []
    head = "".join(f'<th scope="col">{html.escape(name.replace("_", " "))}</th>' for name in names)
    body = "\n".join("<tr>" + "".join(_cell(row[name] or "") for name in names) + "</tr>" for row in rows)
    above = "".join(f"<p>{html.escape(line)}</p>" for line in said.splitlines())
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{html.escape(title)}</h1>\n"
        '<form onsubmit="return false"><label>Search <input id="search" type="search" autofocus></label> '
        f'<output id="shown" for="search">{len(rows)} rows</output></form>\n'
        f"{above}\n<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"
        f"<script>\n{_SEARCH}\n</script>\n</body>\n</html>\n"
    )


def _cell(text: str) -> str:
    shown = html.escape(text)
    if text and all("." in word[1:-1] for word in text.split()):  # a list of dotted names
        first, _, rest = text.partition(" ")
        if len(text) > LONG:
            shown = f"<details><summary>{html.escape(first)} and {rest.count(' ') + 1} more</summary>{html.escape(rest)}</details>"
        return f'<td class="list">{shown}</td>'
    return f'<td class="words">{shown}</td>' if len(text) > LONG / 2 else f"<td>{shown}</td>"

"""Whether a text has one of some identifiers in it, as a word. Knows no format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

SHORTEST = 4
"""Characters of an identifier that is looked for; of a shorter one nobody can say whether a text means it."""


def naming(identifiers: Iterable[str]) -> Callable[[str], bool]:
    """Whether one of them stands in a text with no letter or digit on either side."""
    wanted = sorted({one.strip() for one in identifiers if len(one.strip()) >= SHORTEST})
    words = {one: re.compile(rf"(?<![^\W_]){re.escape(one)}(?![^\W_])") for one in wanted}
    return lambda text: any(one in text and words[one].search(text) is not None for one in wanted)

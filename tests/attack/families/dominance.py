"""What is left of a figure without own rows is one competitor's, or nearly, or two competitors'."""

from __future__ import annotations

from collections.abc import Iterator

from tests.attack.history import Figure, Found, History


def attack(history: History) -> Iterator[Found]:
    """Figures that fewer than three others are behind, or one of them with more than 60 %."""
    for number, cell, _ in history.made():
        of = history.members[number][cell]
        for who in history.attackers:
            left = [of[subject].contributor for subject in history.others(number, cell, who)]
            sizes = sorted((left.count(name) for name in set(left)), reverse=True)
            if len(sizes) < 3 or sizes[0] > 0.6 * sum(sizes):
                yield Found(Figure.RESTS, history.text(number, cell, who), who)

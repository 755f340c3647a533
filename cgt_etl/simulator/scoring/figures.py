"""One figure of a score, its target and what missed it. Holds no comparison."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """So many right of so many, and the share that is asked for."""

    part: str
    name: str
    right: int
    total: int
    target: float | None
    """None: reported only."""
    misses: tuple[str, ...] = ()
    """Where it went wrong: file, position, kind, rule; never a data value."""

    @property
    def share(self) -> float:
        """1.0 where there was nothing to get right."""
        return self.right / self.total if self.total else 1.0

    @property
    def is_missed(self) -> bool:
        return self.target is not None and self.share < self.target

    def said(self) -> dict[str, object]:
        """As JSON."""
        return {
            "part": self.part,
            "name": self.name,
            "right": self.right,
            "total": self.total,
            "share": self.share,
            "target": self.target,
            "is_missed": self.is_missed,
            "misses": list(self.misses),
        }


def counted(part: str, name: str, total: int, misses: Collection[str], target: float | None) -> Figure:
    """A figure in which every miss is one of `total`."""
    return Figure(part, name, total - len(misses), total, target, tuple(sorted(misses)))

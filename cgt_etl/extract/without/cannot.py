"""What is said where a file cannot be written without some of its records."""

from __future__ import annotations


class CannotEmpty(Exception):
    """Why not, in words that hold no value."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

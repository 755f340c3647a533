"""Where things are and which keys open them: the only reader of the environment.

Holds no paths of its own below the home but their names; knows nothing of contracts.
"""

from __future__ import annotations

import base64
import os
import signal
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cgt_etl.errors import DeclarationError

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parent


@dataclass(frozen=True)
class Settings:
    """One deployment: its home folder, its declarations and its master key.

    `dialect_paths` and `partner_paths` are folders of folders; a deployment's own lie outside the repository.
    """

    home: Path
    dialect_paths: tuple[Path, ...] = (PACKAGE / "dialects",)
    partner_paths: tuple[Path, ...] = (PACKAGE / "partners",)
    master_key_file: Path | None = None
    inbox: Path | None = None
    """What the schedule and runs launched from the UI read; the command line names its own."""

    @classmethod
    def from_environment(cls) -> Settings:
        """Read `CGT_HOME`, `CGT_INBOX`, `CGT_DIALECTS` and `CGT_PARTNERS` (added to, or with a leading `=` replacing, the defaults).

        Raises:
            DeclarationError: `CGT_HOME` is not set.
        """
        home = os.environ.get("CGT_HOME")
        if not home:
            raise DeclarationError("CGT_HOME is not set", remedy="Set it to the folder that holds landing, vault and releases")
        key_file = os.environ.get("CGT_MASTER_KEY_FILE")
        inbox = os.environ.get("CGT_INBOX")
        return cls(
            home=Path(home).resolve(),
            dialect_paths=_paths(os.environ.get("CGT_DIALECTS"), PACKAGE / "dialects"),
            partner_paths=_paths(os.environ.get("CGT_PARTNERS"), PACKAGE / "partners"),
            master_key_file=Path(key_file).resolve() if key_file else None,
            inbox=Path(inbox).resolve() if inbox else None,
        )

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def vault(self) -> Path:
        return self.home / "vault"

    @property
    def receipts(self) -> Path:
        return self.home / "receipts"

    @property
    def cards(self) -> Path:
        return self.home / "cards"

    @property
    def nights(self) -> Path:
        return self.home / "nights"

    @property
    def decisions(self) -> Path:
        return self.home / "decisions"

    @property
    def tombstones(self) -> Path:
        return self.home / "tombstones"

    @property
    def actions(self) -> Path:
        return self.home / "actions"

    @property
    def collective(self) -> Path:
        return self.home / "collective"

    @property
    def rights(self) -> Path:
        return self.home / "rights"

    @property
    def questions(self) -> Path:
        return self.home / "questions"

    @property
    def sandboxes(self) -> Path:
        return self.home / "sandboxes"

    @property
    def alerts(self) -> Path:
        return self.home / "alerts.json"

    @property
    def builds(self) -> Path:
        return self.home / "builds"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def has_master_key(self) -> bool:
        """Whether one is named, good or not."""
        return bool(os.environ.get("CGT_MASTER_KEY") or self.master_key_file)

    @cached_property
    def key_text(self) -> str:
        """The key of this home as it is written in `CGT_MASTER_KEY` or in the file that `CGT_MASTER_KEY_FILE` names: a master key, or a
        hub's or a partner's part of one (`door.shares`).

        Raises:
            DeclarationError: neither is set, or the file cannot be read.
        """
        text = os.environ.get("CGT_MASTER_KEY")
        if not text and self.master_key_file:
            try:
                text = self.master_key_file.read_text(encoding="ascii", errors="replace").strip()
            except OSError as error:
                why = os.strerror(error.errno or 0)
                raise DeclarationError(f"the master key's file cannot be read ({why})", remedy="Mend CGT_MASTER_KEY_FILE") from None
        if not text:
            raise DeclarationError("no master key", remedy="Set CGT_MASTER_KEY or CGT_MASTER_KEY_FILE; `cgt-etl key new FILE` makes a key")
        return text

    @cached_property
    def master_key(self) -> bytes:
        """32 bytes from `key_text` (base64).

        Raises:
            DeclarationError: as `key_text`, or it is not 32 bytes.
        """
        try:
            key = base64.b64decode(self.key_text, validate=True)
        except ValueError as error:
            raise DeclarationError("the master key is not base64", remedy="Make one with `cgt-etl key new FILE`") from error
        if len(key) != 32:
            raise DeclarationError("the master key is not 32 bytes", remedy="Make one with `cgt-etl key new FILE`")
        return key


def _paths(text: str | None, default: Path) -> tuple[Path, ...]:
    if not text:
        return (default,)
    named = tuple(Path(part).resolve() for part in text.lstrip("=").split(os.pathsep) if part)
    return named if text.startswith("=") else (default, *named)


def fault_point(name: str) -> None:
    """Die here by SIGKILL if `CGT_FAULT_POINT` names this place: how the tests prove that a killed night leaves nothing behind."""
    if os.environ.get("CGT_FAULT_POINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)

"""Writes drafts where they belong, and never over anything that is there."""

from __future__ import annotations

from pathlib import Path

from cgt_etl.contracts.load import load_feed
from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.onboarding import draft, stage
from cgt_etl.onboarding.sample import look

_NAME = r"lower case letters, digits and _, beginning with a letter"


def new_dialect(into: Path, name: str, samples: tuple[Path, ...], *, feed: str | None = None, sheet: str | None = None) -> list[Path]:
    """Write `<into>/<name>/` with a draft of a contract per sample, and a README; more samples may be added later.

    Args:
        feed: name of the feed, where there is one sample; else each is named after its file, without digits.

    Raises:
        CgtError: a name that is none, a sample that cannot be read, or a feed that is there.
    """
    _check(name)
    if feed is not None and len(samples) > 1:
        raise CgtError("several samples are several feeds", remedy="Give --feed with one sample at a time")
    drafts: dict[str, str] = {}
    for path in samples:
        of = feed or draft.slug("".join(sign for sign in path.stem if not sign.isdigit()))
        _check(of)
        if of in drafts:
            raise CgtError("two samples would be one feed", file=path.name, remedy="Give them one at a time, with --feed")
        drafts[of] = draft.contract(name, of, look(path, sheet), path)
    folder = into / name
    written = {folder / f"{of}.odcs.yaml": text for of, text in drafts.items()}
    if not (folder / "README.md").exists():
        written[folder / "README.md"] = draft.readme(name)
    return _write(written)


def stage_dialect(folder: Path, entities: tuple[str, ...], feed: str | None) -> list[Path]:
    """Write the staging models of a dialect's finished contracts (one feed's, where named), and drafts of the entities they feed.

    Raises:
        CgtError: a contract that does not load, no such feed, or a model that is there.
    """
    feeds = [load_feed(path) for path in sorted(folder.glob("*.odcs.yaml")) if feed is None or path.name == f"{feed}.odcs.yaml"]
    if not feeds:
        raise DeclarationError("no contract of this name", file=folder.name, remedy="`cgt-etl dialect new` drafts one")
    if entities and len(feeds) > 1:
        raise CgtError("several feeds, and an entity is fed by one at a time", remedy="Name the feed with --feed")
    written = {folder / name: text for of in feeds for name, text in stage.models(of, entities).items()}
    entries = "".join(stage.described(of, entities) for of in feeds)
    described = folder / f"stg_{folder.name}.yml"
    known = described.read_text(encoding="utf-8") if described.is_file() else "version: 2\nmodels:\n"
    paths = _write(written)
    described.write_text(known + entries, encoding="utf-8")
    return [*paths, described]


def new_partner(into: Path, name: str, registry: Registry, dialects: tuple[str, ...]) -> Path:
    """Write `<into>/<name>/partner.yaml`, a draft.

    Raises:
        CgtError: a name that is none or taken, or an unknown dialect.
    """
    _check(name)
    unknown = [one for one in dialects if one not in registry.dialects]
    if unknown:
        known = ", ".join(sorted(registry.dialects))
        raise DeclarationError(f"no dialect `{unknown[0]}` loads", remedy=f"`cgt-etl registry list` names what is left out. Known: {known}")
    return _write({into / name / "partner.yaml": draft.partner(name, [registry.dialects[one] for one in dialects])})[0]


def _check(name: str) -> None:
    if name != draft.slug(name) or not name:
        raise CgtError(f"`{name}` is no name", remedy=f"Use {_NAME}")


def _write(files: dict[Path, str]) -> list[Path]:
    for path in files:
        if path.exists():
            raise CgtError(
                "it is there already, and nothing is written over", file=f"{path.parent.name}/{path.name}", remedy="Move it away"
            )
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)

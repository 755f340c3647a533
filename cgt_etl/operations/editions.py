"""What partners erased at their places before they tokenised, as far as a hub can tell it: by counts, and by what is in no row any more.

A hub has no list of whom they erased. Looks at manifests and links; holds no removing.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import polars as pl

from cgt_etl.landing.delivery import Delivery, Manifest


def lists(listed: list[Delivery]) -> dict[str, str]:
    """Of each partner that tokenises, the sha256 of the list by which it erased last, as far as it has sent anything since.

    Which of two is the later no bundle says. It is the one that came last; of those that came together, that of the highest edition.
    """
    return {
        partner: max(said, key=lambda one: (one.admitted_at, one.edition, one.id)).door["suppression"]
        for partner, said in groupby(_tokenised(listed), lambda one: one.partner)
    }


def to_be_tokenised_again(suppressed: frozenset[str], listed: list[Delivery]) -> list[str]:
    """Ids of tokenised deliveries that may hold whom their partner erases, or hold one of `suppressed`, whom this hub does.

    The former went through their partner's door with another list than its last.
    """
    last = lists(listed)
    folders = {one.id: one.folder for one in listed}
    return [
        one.id
        for one in _tokenised(listed)
        if one.door["suppression"] != last[one.partner] or (suppressed and suppressed & _named([folders[one.id]]))
    ]


def no_longer_named(past: Iterable[Path], listed: list[Delivery]) -> frozenset[str]:
    """Linkage tokens of earlier editions that no delivery which counts names: of whom their partner erased, or of nothing at all.

    Args:
        past: folders of earlier admissions; those of raw files are not looked at, since the hub's own list says whom its door erased.
        listed: every delivery that counts.
    """
    earlier = [folder for folder in past if Manifest.read(folder).is_tokenised]
    return _named(earlier) - _named(one.folder for one in listed) if earlier else frozenset()


def _tokenised(listed: list[Delivery]) -> list[Manifest]:
    """Manifests, those of a partner together."""
    found = (one.manifest for one in listed)
    return sorted((one for one in found if one.is_tokenised), key=lambda one: one.id)


def _named(folders: Iterable[Path]) -> frozenset[str]:
    files = [folder / of.file for folder in folders if (of := Manifest.read(folder).links)]
    return frozenset(pl.scan_parquet(files).select(pl.col("linkage_token").unique()).collect().to_series()) if files else frozenset()

"""Where the things of a genealogy stand in a drawing: columns from left to right along the steps, few crossings, neighbours side by side.

Pure geometry of named boxes (Sugiyama's method: layers by longest way, ways over several layers bent around boxes, order by barycentres,
heights by isotonic regression). Knows nothing of what a box holds. The same input gives the same output, to the last digit.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12
"""Passes over the layers that order and place, an even number."""
_LIGHT = 1e-3
"""Weight of a wish that gives way."""


@dataclass(frozen=True)
class Layout:
    """`layer` and `centre` (units of the heights) of each box; `ways`: for each step the centres in the layers that it passes between."""

    layer: Mapping[str, int]
    centre: Mapping[str, float]
    ways: Mapping[tuple[str, str], Sequence[float]]
    height: float


def arrange(
    heights: Mapping[str, float],
    steps: Iterable[tuple[str, str]],
    *,
    gap: float,
    last: Iterable[str] = (),
    beside_child: Iterable[str] = (),
) -> Layout:
    """Place boxes.

    Args:
        heights: box -> height, in the order in which equals stand from top to bottom.
        steps: parent, child; both among the boxes. One that closes a circle counts for no layer.
        gap: between two boxes of a layer.
        last: boxes that belong into the last layer; beside_child: those that stand just before their first child.
    """
    pairs = sorted(set(steps))
    layer = _layers(list(heights), pairs)
    layer.update(dict.fromkeys(last, max(layer.values(), default=0)))
    for box in beside_child:
        layer[box] = min((layer[child] for parent, child in pairs if parent == box), default=1) - 1
    least = min(layer.values(), default=0)
    layer = {box: at - least for box, at in layer.items()}
    columns, links, bends = _with_bends(heights, pairs, layer)
    size = {box: heights.get(box, gap) for column in columns for box in column}
    _order(columns, links)
    centre = _place(columns, links, size, gap)
    top = min((at - size[box] / 2 for box, at in centre.items()), default=0.0)
    centre = {box: round(at - top, 2) for box, at in centre.items()}
    height = max((at + size[box] / 2 for box, at in centre.items()), default=0.0)
    ways = {pair: [centre[bend] for bend in between] for pair, between in bends.items()}
    return Layout(layer, {box: centre[box] for box in heights}, ways, round(height, 2))


def _layers(boxes: Sequence[str], pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Length of the longest way to each box, once steps that close a circle are left out."""
    onward: dict[str, list[str]] = {}
    for parent, child in pairs:
        onward.setdefault(parent, []).append(child)
    order: list[str] = []
    state: dict[str, int] = {}
    kept: list[tuple[str, str]] = []
    for box in boxes:
        stack = [(box, 0)] if box not in state else []
        state.setdefault(box, 1)
        while stack:
            at, place = stack.pop()
            children = onward.get(at, [])
            if place == len(children):
                state[at] = 2
                order.append(at)
                continue
            stack.append((at, place + 1))
            child = children[place]
            if state.get(child) != 1:
                kept.append((at, child))
            if child not in state:
                state[child] = 1
                stack.append((child, 0))
    layer = dict.fromkeys(boxes, 0)
    ahead: dict[str, list[str]] = {}
    for parent, child in kept:
        ahead.setdefault(parent, []).append(child)
    for box in reversed(order):
        for child in ahead.get(box, ()):
            layer[child] = max(layer[child], layer[box] + 1)
    return layer


def _with_bends(
    heights: Mapping[str, float], pairs: Sequence[tuple[str, str]], layer: Mapping[str, int]
) -> tuple[list[list[str]], list[tuple[str, str]], dict[tuple[str, str], list[str]]]:
    """Layers with a bend in each layer that a step passes, and links between neighbouring layers alone."""
    columns: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for box in heights:
        columns[layer[box]].append(box)
    links: list[tuple[str, str]] = []
    bends: dict[tuple[str, str], list[str]] = {}
    for parent, child in pairs:
        forward = layer[parent] < layer[child]
        first, second = (parent, child) if forward else (child, parent)
        between = [f"{parent}\x1f{child}\x1f{at}" for at in range(layer[first] + 1, layer[second])]
        for bend, at in zip(between, range(layer[first] + 1, layer[second]), strict=True):
            columns[at].append(bend)
        way = [first, *between, second]
        if layer[first] != layer[second]:
            links += list(pairwise(way))
        bends[parent, child] = between if forward else between[::-1]
    return columns, links, bends


def _order(columns: list[list[str]], links: Sequence[tuple[str, str]]) -> None:
    """Order each layer by the mean place of its neighbours, forth and back; the order with the fewest crossings stays."""
    before, after = _sides(links)
    best, fewest = [list(column) for column in columns], _crossings(columns, after)
    for sweep in range(SWEEPS):
        rising = sweep % 2 == 0
        beside = before if rising else after
        for at in range(1, len(columns)) if rising else range(len(columns) - 2, -1, -1):
            place = {box: number for number, box in enumerate(columns[at - 1 if rising else at + 1])}
            own = {box: float(number) for number, box in enumerate(columns[at])}
            columns[at].sort(key=lambda box, place=place, own=own, beside=beside: _mean(beside.get(box, ()), place, own[box]))  # type: ignore[misc]
        if (crossings := _crossings(columns, after)) < fewest:
            best, fewest = [list(column) for column in columns], crossings
    columns[:] = best


def _sides(links: Sequence[tuple[str, str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for left, right in links:
        before.setdefault(right, []).append(left)
        after.setdefault(left, []).append(right)
    return before, after


def _mean(neighbours: Iterable[str], place: Mapping[str, int], own: float) -> float:
    places = [place[one] for one in neighbours]
    return sum(places) / len(places) if places else own


def _crossings(columns: Sequence[Sequence[str]], after: Mapping[str, Sequence[str]]) -> int:
    count = 0
    for left, right in pairwise(columns):
        place = {box: number for number, box in enumerate(right)}
        met: list[int] = []
        for box in left:
            ends = sorted(place[one] for one in after.get(box, ()))
            count += sum(len(met) - bisect_right(met, end) for end in ends)
            for end in ends:
                insort(met, end)
    return count


def _place(columns: Sequence[Sequence[str]], links: Sequence[tuple[str, str]], size: Mapping[str, float], gap: float) -> dict[str, float]:
    """Centres: each box as near to the mean of its neighbours as the boxes above and below let it.

    Neighbours are those on the side where a sweep comes from; a box with none there makes way. The last sweep comes from the right.
    """
    before, after = _sides(links)
    centre: dict[str, float] = {}
    for column in columns:
        centre |= _apart(column, dict.fromkeys(column, (0.0, 1.0)), size, gap)
    for sweep in range(SWEEPS):
        first, second = (before, after) if sweep % 2 == 0 else (after, before)
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            wish = {}
            for box in column:
                beside = [centre[one] for one in first.get(box, []) or second.get(box, [])]
                wish[box] = (sum(beside) / len(beside) if beside else centre[box], 1.0 if first.get(box) else _LIGHT)
            centre |= _apart(column, wish, size, gap)
    return centre


def _apart(column: Sequence[str], wish: Mapping[str, tuple[float, float]], size: Mapping[str, float], gap: float) -> dict[str, float]:
    """The centres nearest to the wished ones (centre, weight; least squares) at which the boxes keep their order and do not touch."""
    offset, offsets = 0.0, []
    for number, box in enumerate(column):
        offset += (size[column[number - 1]] + size[box]) / 2 + gap if number else 0.0
        offsets.append(offset)
    blocks: list[tuple[float, float, int]] = []
    for box, shift in zip(column, offsets, strict=True):
        mean, weight, count = wish[box][0] - shift, wish[box][1], 1
        while blocks and blocks[-1][0] > mean:
            other, weighs, many = blocks.pop()
            mean, weight, count = (mean * weight + other * weighs) / (weight + weighs), weight + weighs, count + many
        blocks.append((mean, weight, count))
    starts = [mean for mean, _, count in blocks for _ in range(count)]
    return {box: start + shift for box, start, shift in zip(column, starts, offsets, strict=True)}

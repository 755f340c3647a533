"""The plots of a card: own hours by stage, shares with their intervals, infused by day. Holds no figure of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cgt_etl.handoffs.cards.card import Bar, Curve, Stage
from cgt_etl.reports.drawing import Dot, Drawing, Shape, Words

INK, SOFT, RULE = "#1f2933", "#5b6773", "#d5dbe1"
OWN, BAD, BAND = "#1f6f8b", "#c2410c", "#9fc5d1"
_TICKS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_ROW = 33.0
_LEAST_H = 1 / 60
MOST_DOTS = 300
"""Of one stage; where there are more, every so manieth is drawn, in order of size."""


def stages(shown: Sequence[Stage], width: float) -> Drawing:
    """A row per stage on one logarithmic axis of hours: a dot a case, the median with its interval, the limit."""
    height = _ROW * len(shown) + 16
    values = [max(hours, _LEAST_H) for stage in shown for hours in stage.hours]
    ends = [*values, *(stage.limit_h for stage in shown if stage.limit_h)]
    low, high = math.log10(min(ends)) - 0.05, math.log10(max(ends)) + 0.08
    drawing = Drawing(
        width, height, "Your hours by stage: a dot is a case, the bar the median with its 95 % interval, the dashed line the limit"
    )

    def at(hours: float) -> float:
        return 4 + (math.log10(max(hours, _LEAST_H)) - low) / max(high - low, 0.3) * (width - 8)

    bottom = _ROW * len(shown)
    for tick in _TICKS:
        if low <= math.log10(tick) <= high:
            drawing.line(at(tick), 2, at(tick), bottom + 3, stroke=RULE, width=0.6)
            drawing.marks.append(Words(at(tick), bottom + 12, f"{tick:g} h", 7, "middle", SOFT))
    for place, stage in enumerate(shown):
        top = _ROW * place
        drawing.marks.append(Words(4, top + 8, stage.label, 7.2, "start", INK, is_bold=True))
        around = "too few for an interval" if stage.low is None else f"{_hours(stage.low)} to {_hours(stage.high or 0.0)} h"
        told = f"{_hours(stage.median)} h ({around}), n={len(stage.hours)}"
        drawing.marks.append(Words(width, top + 8, told, 7, "end", INK, leads_to=f"of-{stage.statement}"))
        middle = top + 23
        step = max(1, math.ceil(len(stage.hours) / MOST_DOTS))
        for index, hours in enumerate(sorted(stage.hours)[::step]):
            is_beyond = stage.limit_h is not None and hours > stage.limit_h
            drawing.marks.append(Dot(at(hours), middle + (index % 5 - 2) * 1.5, 1.7, BAD if is_beyond else OWN, 0.45))
        if stage.limit_h is not None:
            drawing.line(at(stage.limit_h), top + 11, at(stage.limit_h), top + 31, stroke=BAD, width=1, is_dashed=True)
            limit = f"{stage.beyond} beyond {stage.limit_h:g} h" if stage.beyond else f"limit {stage.limit_h:g} h"
            drawing.marks.append(Words(at(stage.limit_h) - 3, top + 16, limit, 6.5, "end", BAD))
        if stage.low is not None and stage.high is not None:
            drawing.box(at(stage.low), middle - 1.5, max(at(stage.high) - at(stage.low), 0.8), 3, fill=INK, opacity=0.75)
        drawing.box(at(stage.median) - 1, middle - 7, 2, 14, fill=INK)
    return drawing


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.1f}"


def bars(shown: Sequence[Bar], width: float, colour: str = OWN, words: float = 106.0) -> Drawing:
    """A row per share: the bar, its 95 % interval, count and share beside it; the words lead to the statement."""
    row = 15.0
    drawing = Drawing(width, row * len(shown) + 2, "; ".join(f"{bar.label}: {bar.count} of {bar.of}" for bar in shown))
    numbers = 110.0
    space = width - words - numbers
    for place, bar in enumerate(shown):
        middle = row * place + 8
        drawing.marks.append(Words(0, middle + 2.7, bar.label, 7.5, "start", INK))
        drawing.box(words, middle - 4, space, 8, fill="#eef1f4")
        drawing.box(words, middle - 4, space * bar.count / bar.of, 8, fill=colour)
        drawing.line(words + space * bar.low, middle, words + space * bar.high, middle, stroke=INK, width=1.1)
        for end in (bar.low, bar.high):
            drawing.line(words + space * end, middle - 2.5, words + space * end, middle + 2.5, stroke=INK, width=1.1)
        told = f"{bar.count} of {bar.of}, {100 * bar.count / bar.of:.0f} % ({100 * bar.low:.0f} to {100 * bar.high:.0f})"
        drawing.marks.append(Words(width, middle + 2.7, told, 7.5, "end", INK, leads_to=f"of-{bar.statement}"))
    return drawing


def curve(shown: Curve, width: float, height: float = 84.0) -> Drawing:
    """Share infused by day after collection, with its 95 % interval."""
    last = max([*shown.days, 30.0])
    said = (
        f"Infused by day after collection, {shown.people} treatments; drop-outs count as not infused, who waits is counted as long as seen"
    )
    drawing = Drawing(width, height, said)
    left, right, top, bottom = 24.0, 6.0, 6.0, 16.0
    across, down = width - left - right, height - top - bottom

    def x(day: float) -> float:
        return left + across * day / last

    def y(share: float) -> float:
        return top + down * (1 - share)

    for share in (0.0, 0.5, 1.0):
        drawing.line(left, y(share), width - right, y(share), stroke=RULE, width=0.6)
        drawing.marks.append(Words(left - 3, y(share) + 2.5, f"{share:.0%}".replace("%", " %"), 7, "end", SOFT))
    step = next(step for step in (10, 20, 30, 60, 120, 365, 3650) if last / step <= 6 or step == 3650)
    for day in range(0, int(last) + 1, step):
        drawing.marks.append(Words(x(day), height - 6, f"day {day}" if day == 0 else f"{day}", 7, "middle", SOFT))
    if shown.days:
        upper, lower, line = (_steps(shown.days, values, last) for values in (shown.high, shown.low, shown.share))
        area = tuple((x(day), y(value)) for day, value in [*upper, *reversed(lower)])
        drawing.marks.append(Shape(area, fill=BAND, opacity=0.45))
        drawing.marks.append(Shape(tuple((x(day), y(value)) for day, value in line), stroke=OWN, width=1.6))
    return drawing


def _steps(days: Sequence[float], values: Sequence[float], last: float) -> list[tuple[float, float]]:
    """A line that stays level between days, from zero on day 0."""
    points, before = [(0.0, 0.0)], 0.0
    for day, value in zip(days, values, strict=True):
        points += [(day, before), (day, value)]
        before = value
    return [*points, (last, before)]

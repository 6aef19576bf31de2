"""Progress bars of a text log: `12/438` without a name, of the bar that matters, counted through all epochs."""

from __future__ import annotations

from collections import Counter

from bestiary.logs.lines import PROGRESS, Pair
from bestiary.logs.names import phrase
from bestiary.logs.steps import EPOCHS

Row = dict[str, Pair]


def counted_through(rows: list[Row]) -> list[Row]:
    """Leave one bar, counted on where it begins anew; a run that begins anew with its epochs begins anew here, too.

    The bar that matters is the one beside which most numbers stand; if none does, the longest. Of a bar whose numbers
    are means over the epoch so far, as of Keras, its end is read, if there is more than one.
    """
    beside = Counter(row[PROGRESS].of for row in rows if PROGRESS in row and len(row) > 1)
    alone = {row[PROGRESS].of for row in rows if PROGRESS in row}
    if not alone:
        return rows
    main = beside.most_common(1)[0][0] if beside else max(alone)
    ends = [row for row in rows if _ends(row, main) and len(row) > 1]
    whole = len(ends) > 1 and any(any(name.startswith("val") for name in row) for row in ends)
    made, turns, last, first = list[Row](), 0, -1.0, None
    for row in rows:
        row = dict(row)
        epoch = next((pair.value for name, pair in row.items() if phrase(name) in EPOCHS), None)
        first = epoch if first is None else first
        if epoch is not None and epoch == first and last >= 0 and _above(made, epoch):
            turns, last = 0, -1.0
        bar = row.pop(PROGRESS, None)
        if bar is not None and bar.of == main:
            if whole and bar.value != bar.of:
                continue
            turns += bar.value < last
            last = bar.value
        if row and last >= 0 and not whole:
            row[PROGRESS] = Pair(PROGRESS, last + turns * main)  # a bar tells the step of the lines below it, too
        made.append(row)
    return made


def announced(rows: list[Row]) -> list[Row]:
    """Give the lines below a line that has nothing but a step that step, as below `Epoch 3`."""
    alone = {name for row in rows if row and all(pair.step for pair in row.values()) for name in row}
    last: Row = {}
    made = []
    for row in rows:
        last |= {name: pair for name, pair in row.items() if name in alone}
        if any(not pair.step for pair in row.values()):
            made.append(last | row)
    return made


def _ends(row: Row, main: float) -> bool:
    return PROGRESS in row and row[PROGRESS].of == main == row[PROGRESS].value


def _above(rows: list[Row], epoch: float) -> bool:
    """Whether the epoch named last is another."""
    for row in reversed(rows):
        for name, pair in row.items():
            if phrase(name) in EPOCHS:
                return pair.value > epoch
    return False

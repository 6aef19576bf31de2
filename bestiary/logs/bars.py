"""Progress bars of a text log: `12/438` without a name, of the bar that matters, counted through all epochs."""

from __future__ import annotations

from collections import Counter

from bestiary.logs.lines import MEANS, PROGRESS, Pair
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
    if len({row[PROGRESS].value for row in rows if PROGRESS in row and row[PROGRESS].of == main}) == 1:
        return [{name: pair for name, pair in row.items() if name != PROGRESS} for row in rows]  # none but its end
    ends = [row for row in rows if _ends(row, main) and len(row) > 1]
    whole = len(ends) > 1 and all(row[PROGRESS].mark == MEANS for row in ends)
    made, turns, last, first = list[Row](), 0, -1.0, None
    at: list[float] = []  # of each row that was made, what the bar above or beside it says
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
        if row:
            made.append(row)
            at.append(max(last, 0.0) + turns * main)
    return made if whole else _told(made, at)


def _told(rows: list[Row], at: list[float]) -> list[Row]:
    """A bar tells the step of the lines below it, too; of several of one kind, evenly up to the next bar."""
    made, begin = list[Row](), 0
    pace = 1.0
    while begin < len(rows):
        end = next((i for i in range(begin, len(rows)) if at[i] != at[begin]), len(rows))
        kinds = [tuple(row) for row in rows[begin:end]]
        size, seen = Counter(kinds), Counter[tuple[str, ...]]()
        wide = at[end] - at[begin] if end < len(rows) else pace * max(size.values())
        pace = wide / max(size.values()) if wide > 0 else pace
        for row, kind in zip(rows[begin:end], kinds, strict=True):
            step = at[begin] + max(wide, 0.0) * seen[kind] / size[kind]
            seen[kind] += 1
            made.append(row | {PROGRESS: Pair(PROGRESS, step)})
        begin = end
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

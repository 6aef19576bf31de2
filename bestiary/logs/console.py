"""A text log, as a program prints it: lines with named numbers, progress bars, boxes, and tables of Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from bestiary.logs.bars import announced, counted_through
from bestiary.logs.boxes import Boxes
from bestiary.logs.headed import Headed
from bestiary.logs.kinds import announces, evaluated, of_one_process, without_sums
from bestiary.logs.line_names import channel
from bestiary.logs.lines import LONGEST, Pair, pairs
from bestiary.logs.markdown import Markdown
from bestiary.logs.names import phrase
from bestiary.logs.run_table import Gather, NotALog, RunTable, Unreadable, of_rows, plural

MOST = 2**28  # [byte] of a text log
ROWS = 500_000  # [line] with numbers, which are kept until all are known
LOOKED = 2**22  # [byte] within which there has to be a line of it
NAMES = 2000  # [name] that are told apart
AGAIN = 3  # lines of one kind that make a log
SHARE, THIN = 0.1, 0.02  # [1] of the lines that are its; of lines that have a step and are of one kind
GROWS = 0.5  # [1] of the rows in which a step changes, in which it grows
MOSTLY, FEW = 0.5, 5  # [1] of all lines that are of metrics without a step, and how many
WRAPPED = 20  # [line] over which a dictionary goes, at most
RANK = re.compile(r"(?:.{0,60}?\[|\W{0,3})(?:rank|default)[ =:]{0,2}(\d{1,5})\s?[\]:|,]", re.IGNORECASE)  # of a process
COUNTERS = frozenset({"step", "steps", "global step", "iter", "iteration", "iters", "iter num", "update", "updates"})
WANTED = "want a table under a line of names, or lines such as `step 10 loss 0.5` that come again"
CODE = re.compile(  # a line of source code, of Python and C, or of a list in YAML
    r"\s{0,80}(?:(?:def|class|import|return|assert|raise) |from \S{1,80} import|@\w|#include|print\(|[})\]]+[;,]?\s*$"
    r"|(?:for|if|elif|while|with|try|else|except)\b[^:]{0,200}:\s*$|(?:static|const|void|struct|float|int) \w"
    r"|- \{\w{1,40}: )"
)

Row = dict[str, Pair]


def read_console(path: Path, encoding: str) -> list[RunTable]:
    """The one run of a text log.

    Raises:
        Unreadable: it is longer than is read.
        NotALog: it is prose, source code, or anything but lines that come again with other numbers.
    """
    keep = "keep the lines of the run with grep, or every tenth with awk 'NR % 10 == 1'"
    if path.stat().st_size > MOST:
        raise Unreadable(f"{path}: is a text log of more than {MOST >> 20} MiB; {keep}")
    lines, rows, code = 0, list[Row](), list[int]()
    said, ranks = dict[int, str](), dict[int, int]()
    with path.open(encoding=encoding, errors="replace") as file:
        boxes, tables, headed, seen = Boxes(), Markdown(), Headed(), 0
        for line in _segments(file):
            lines += 1
            seen += len(line)
            if seen > LOOKED and not rows:
                break
            if (taken := boxes.take(line)) is not None or (taken := tables.take(line)) is not None:
                rows += [{pair.name: pair for pair in taken}] if taken else []
                lines -= not taken  # a box is one line
            elif (taken := headed.take(line)) is not None:
                rows += [{pair.name: pair for pair in taken}] if taken else []
            elif CODE.match(line):
                code.append(len(rows))
            elif found := pairs(line):
                rows.append({pair.name: pair for pair in found})
                if process := RANK.match(line):
                    ranks[len(rows) - 1] = int(process[1])
                if len(rows) > ROWS:
                    raise Unreadable(f"{path}: is a text log of more than {ROWS:,} lines with numbers; {keep}")
            elif role := announces(line):
                said[len(rows)] = role
        rows += [{pair.name: pair for pair in last}] if (last := boxes.end()) else []
    if len(code) > FEW and len(code) > len(rows) / 2:  # source code, with which a log may begin
        lines, rows = lines - len(code), rows[code[-1] :]
        said = {at - code[-1]: role for at, role in said.items()}
        ranks = {at - code[-1]: rank for at, rank in ranks.items()}
    if not _is_a_log(rows, lines):
        raise NotALog(f"{path}: is no log: {WANTED}")
    told = [f"a text log: numbers with names in {len(rows)} of {plural(lines, 'line')}"]
    rows, processes = of_one_process(evaluated(rows, said), ranks)
    told += [f"lines of {processes}"] if processes else []
    rows = _tidy(rows)
    gather = of_rows(({name: pair.value for name, pair in row.items()} for row in rows), Gather())
    table = gather.table()
    table.notes += told
    return [table]


def _segments(file: Iterator[str]) -> Iterator[str]:
    """Lines that are not blank; what a carriage return or backspaces part are several; a dictionary is one line."""
    held, over = "", 0
    for line in file:
        for part in re.split("\b+", line) if "\b" in line else (line,):
            part = part[:LONGEST].rstrip("\n")
            if held and part.lstrip().startswith("{"):  # that one was cut off
                yield held
                held = ""
            if held:
                held, over = f"{held} {part.strip()}", over + 1
            elif part.lstrip().startswith("{") and part.count("{") > part.count("}"):
                held, over = part, 0
            elif part.strip():
                yield part
            if held and (held.count("{") <= held.count("}") or over >= WRAPPED or len(held) >= LONGEST):
                yield held
                held = ""
    if held:
        yield held


def _is_a_log(rows: list[Row], lines: int) -> bool:
    """Whether lines come again with a step that mostly grows; or nearly all lines are of metrics that have no step."""
    kinds: Counter[tuple[str, ...]] = Counter()
    known: Counter[str] = Counter()
    steps: dict[str, list[float]] = {}
    for row in rows:
        metrics = [name for name, pair in row.items() if not pair.step]
        known.update(name for name in metrics if channel(name))
        if metrics:
            kinds[tuple(row)] += 1
        for name, pair in row.items():
            if pair.step:
                steps.setdefault(name, []).append(pair.value)
    some, most = sum(kinds.values()), max(known.values(), default=0)
    again = max((n for kind, n in kinds.items() if len(kind) > 1), default=0)
    grows = any(
        len(set(at)) > 1 and sum(b > a for a, b in pairwise(at)) >= GROWS * sum(b != a for a, b in pairwise(at))
        for at in steps.values()
    )
    if grows and again >= AGAIN and some >= (THIN if most >= AGAIN else SHARE) * lines:
        return True
    if grows and most >= 2 and some >= SHARE * lines:
        return True
    return most >= FEW and some >= MOSTLY * lines


def _tidy(rows: list[Row]) -> list[Row]:
    """Leave out names that come once, count bars through, and give counters of one kind one name."""
    times = Counter(name for row in rows for name in row)
    names = {name for name, n in times.most_common(NAMES) if n > 1}
    rows = [{name: pair for name, pair in row.items() if name in names} for row in rows]
    rows = without_sums(rows)
    counters = [name for name in names if phrase(name) in COUNTERS]
    if len(counters) > 1 and not any(sum(name in row for name in counters) > 1 for row in rows):
        best = max(counters, key=lambda name: times[name])
        values = [pair.value for row in rows for name, pair in row.items() if name in counters]
        if sum(b < a for a, b in pairwise(values)) <= 0.05 * len(values):
            rows = [{best if name in counters else name: pair for name, pair in row.items()} for row in rows]
    begins = next((i for i, row in enumerate(rows) if any(pair.step for pair in row.values())), 0)
    return announced(counted_through(rows[begins:]))  # what stands before the first step is how the run was set up

"""The records of one curve in order: which are kept, which overwritten, and which lost."""

from __future__ import annotations

import numpy as np

from bestiary.logs.run_table import plural

LOST = 0.05  # [1] share of a curve's records that a reading may throw away; beyond, another is tried
WRITERS = 16  # [1] processes that may write the same records to one file
ALIKE = 0.25  # [1] of the change from step to step that records of one step may differ by
EVENLY = 0.9  # [1] share of the steps that have as many records as there are writers


def counted(steps: np.ndarray) -> np.ndarray:
    """(N,) the steps of a curve's records; 0, 1, ... if they are all the same, as of a tool that was told none."""
    return np.arange(steps.size) if steps.size > 1 and (steps == steps[0]).all() else steps


def spread(steps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N,) the steps, where many come again and none goes back: records of one step evenly between it and the next."""
    change = np.diff(steps)
    if (change < 0).any() or not too_many(int((change == 0).sum()), steps.size) or writers(steps, values) > 1:
        return steps
    _, first, size = np.unique(steps, return_index=True, return_counts=True)
    wide = np.r_[np.diff(steps[first]), 0.0]
    wide[-1] = np.median(wide[:-1]) if wide.size > 1 else 1.0
    return steps + np.repeat(wide / size, size) * (np.arange(steps.size) - np.repeat(first, size))


def writers(steps: np.ndarray, values: np.ndarray, epochs: bool = False) -> int:
    """How many processes wrote each record once: 1, unless the steps never go back and nearly all come so many times.

    Args:
        steps: (N,) as written.
        values: (N,) the records; those of one step have to be alike, or to differ by chance and not as the curve falls.
        epochs: whether the steps are epochs, which also come again for each batch.
    """
    if steps.size < 4 or (np.diff(steps) < 0).any():
        return 1
    _, first, size = np.unique(steps, return_index=True, return_counts=True)
    many = int(np.median(size))
    if not 2 <= many <= WRITERS or np.mean(size == many) < EVENLY or first.size < 2:
        return 1
    across, along = (values[first + size - 1] - values[first])[:-1], np.diff(values[first])
    known = np.isfinite(across) & np.isfinite(along)
    if not known.any():
        return 1
    across, along = across[known], along[known]
    apart, usual = np.median(np.abs(across)), np.median(np.abs(along))
    if apart <= ALIKE * usual:
        return many
    aimless = np.mean(np.sign(across) * np.sign(along)) < 0.3 and not epochs  # each process has a loss of its own
    return many if aimless and apart <= 2 * usual else 1


def too_many(lost: int, of: int) -> bool:
    """Whether a reading that loses so many records is to be doubted; one is never too many."""
    return lost > max(1, LOST * of)


def lost(steps: np.ndarray, values: np.ndarray, epochs: bool = False) -> int:
    """How many records are thrown away: without a step, at a step that comes again, or gone back beyond for good.

    What a resumed run logs anew is overwritten, not lost, and neither is what several processes wrote, or what is
    there twice, value and all.

    Args:
        steps: (N,) as written.
        values: (N,) the records.
        epochs: whether the steps are epochs.
    """
    known = np.isfinite(steps)
    none = int((~known).sum())
    steps, values = steps[known], values[known]
    change = np.diff(steps)
    if (change > 0).all():
        return none
    same = int((change == 0).sum())
    alike = int(((change == 0) & (np.diff(values) == 0)).sum())
    keep = _kept(steps)
    anew = int((keep[1:] & (steps[1:] <= np.maximum.accumulate(steps)[:-1])).sum())
    back = int((~keep).sum()) - same
    none += max(back - max(anew - same, 0), 0)
    return none if writers(steps, values, epochs) > 1 else none + same - alike


def _kept(steps: np.ndarray) -> np.ndarray:
    later = np.minimum.accumulate(steps[::-1])[::-1]
    return np.r_[steps[:-1] < later[1:], True]


def increasing(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """Strictly increasing steps: of records at a step, and beyond one that the run goes back to, the later wins.

    Returns:
        (T,) steps, (T,) values, and what was overwritten, in words.
    """
    told = ""
    if not (known := np.isfinite(steps)).all():
        told = f"{plural(int((~known).sum()), 'record')} before the first step left out"
        steps, values = steps[known], values[known]
    change = np.diff(steps)
    if (change > 0).all():
        return steps, values, told
    back, same = np.flatnonzero(change < 0), int((change == 0).sum())
    keep = _kept(steps)
    parts = [told] if told else []
    if (many := writers(steps, values)) > 1 and np.unique(values).size > 1:
        parts.append(f"each record is there {many} times, as of {many} processes that write one file; the last is read")
    elif same:
        parts.append(f"{plural(same, 'repeated step')}, the later is read")
    if back.size:
        gone = int((~keep).sum()) - same
        again = f"from step {steps[back[0]]:g} back to {steps[back[0] + 1]:g}"
        more = f" and {plural(back.size - 1, 'further time')}" if back.size > 1 else ""
        parts.append(f"goes {again}{more}: {plural(max(gone, 0), 'record')} overwritten by the later")
    return steps[keep], values[keep], "; ".join(parts)

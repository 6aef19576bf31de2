"""Fewer records of a curve that has too many: the same ones for a whole log and for one that grows."""

import numpy as np

RECORDS = 2**17  # [record] of a channel that are kept


def stride(records: int, most: int = RECORDS) -> int:
    """The least power of two that leaves at most `most` of the records if every stride-th is kept, the first first."""
    step = 1
    while -(-records // step) > most:
        step *= 2
    return step


def thinned(steps: np.ndarray, values: np.ndarray, most: int = RECORDS) -> tuple[np.ndarray, np.ndarray]:
    """Every `stride`-th record of a curve; the arrays themselves if they are short enough.

    What is over within a stride, such as a spike of one record, may be lost, and an oscillation of period two is.

    Args:
        steps: (T,) as written, before anything is sorted or overwritten.
        values: (T,) the records.
        most: [record] that are kept.
    """
    every = stride(values.size, most)
    return (steps, values) if every == 1 else (steps[::every], values[::every])

"""Ways of reading a curve that detectors share. A name with an underscore is no detector."""

import numpy as np
from scipy.ndimage import median_filter

AHEAD, LEAST, SHARE = 5, 3, 0.8  # [record] looked ahead, fewest that may be looked at, share that must hold
FEW = 8  # [record] that give a first idea of a level


def sustained(holds: np.ndarray) -> int | None:
    """Index of the first record from which a condition lasts, dips allowed; None if there is none.

    It holds there and at 80 % of the next five records; of them at least three must exist.

    Args:
        holds: (T,) whether the condition holds at each record.
    """
    for i in np.flatnonzero(holds):
        ahead = holds[i + 1 : i + 1 + AHEAD]
        if ahead.size >= LEAST and ahead.mean() >= SHARE:
            return int(i)
    return None


def rising(t: np.ndarray, y: np.ndarray, least: float = 0.05) -> bool:
    """Whether a curve still rises when it ends.

    The median of its last five records lies `least` [unit of y], and two robust deviations of one record, above the
    median of the run's third quarter. True also of a curve too short to tell.

    Args:
        t: (T,) [step] increasing.
        y: (T,) the curve.
        least: [unit of y] rise that matters.
    """
    before = y[(t >= t[-1] / 2) & (t <= 0.75 * t[-1])]
    if before.size == 0 or t.size < AHEAD:
        return True
    noise = 1.4826 * float(np.median(np.abs(np.diff(y[t >= t[-1] / 2])))) / np.sqrt(2)
    return float(np.median(y[-AHEAD:]) - np.median(before)) > max(least, 2 * noise)


def rise_width(t: np.ndarray, y: np.ndarray, low: float, reached: float) -> float:
    """log10 of the time a curve takes from 10 % to 90 % of its rise; nan if it does not stay up.

    Args:
        t: (T,) [step] increasing.
        y: (T,) the curve.
        low: [unit of y] level it rises from; it rises to its median from `reached` [step] on.
        reached: [step] when it is up.
    """
    part = (y - low) / (float(np.median(y[t >= reached])) - low)
    if (stop := sustained(part >= 0.9)) is None:
        return float("nan")
    start = np.flatnonzero(np.r_[True, part[:stop] < 0.1])[-1]  # the record after the last one below 10 %
    return float(np.log10(max(t[stop], t[1] - t[0]) / max(t[start], t[1] - t[0])))


def smooth(y: np.ndarray) -> np.ndarray:
    """Running median over 2 % of the records, at least five; a monotone curve passes unchanged."""
    return median_filter(y, max(5, y.size // 50) | 1, mode="nearest")


def starting_level(y: np.ndarray) -> float:
    """Level a falling curve starts from: the median of the first half of the records before half of it is lost."""
    lost = np.flatnonzero(smooth(y) <= np.median(y[:FEW]) / 2)
    half = int(lost[0]) if lost.size else y.size
    return float(np.median(y[: max(FEW, half // 2)]))


def fall(y: np.ndarray, level: float, slack: float) -> tuple[int, int, int]:
    """When a curve falls from a level to its lowest point, whatever minibatch noise lies on it.

    Read off the best decreasing fit, cut off as far above the level as the drop goes below it.

    Args:
        y: (T,) the curve.
        level: [unit of y] where it falls from.
        slack: [drop] how far above the level the curve counts as having come down to it.

    Returns:
        Indices of the first record down to the level, and of those where 10 % and 90 % of the drop are lost.
    """
    from scipy.optimize import isotonic_regression  # a fifth of the start of `bestiary detect`

    low = smooth(y)
    end = int(np.argmin(low))
    drop = level - low[end]
    start = int(np.argmax(low <= level + slack * drop))
    fit = isotonic_regression(np.minimum(y[start : end + 1], level + drop), increasing=False).x
    first, last = (start + int(np.argmax(fit <= level - share * drop)) for share in (0.1, 0.9))
    return start, first, last


def blocks(y: np.ndarray) -> np.ndarray:
    """Medians of up to eight equal stretches of a curve, of at least eight records each if there are so many."""
    return np.array([np.median(part) for part in np.array_split(y, np.clip(y.size // FEW, 1, FEW))])


def unrest(y: np.ndarray) -> float:
    """Robust standard deviation of the logarithm of the positive records."""
    logs = np.log(y[y > 0]) if (y > 0).any() else np.zeros(1)
    return 1.4826 * float(np.median(np.abs(logs - np.median(logs))))


def half_growth(t: np.ndarray, y: np.ndarray, early: float, late: float) -> tuple[float, float]:
    """How many-fold a curve grows, and when half of that has happened.

    Args:
        t: (T,) [step] increasing.
        y: (T,) the curve.
        early: [step] it grows from its median until here,
        late: [step] to its greatest value until here, or until the first record after.

    Returns:
        The factor, 0 if it never is positive, at most a million; [step] the first record past half of the growth.
    """
    seen = smooth(y[: np.searchsorted(t, late) + 1])
    first, top = float(np.median(seen[: 1 + np.searchsorted(t, early)])), float(seen.max())
    half = float(t[np.argmax(seen >= (first + top) / 2)])
    return (top / max(first, 1e-6 * top) if top > 0 else 0.0), half


def half_time(t: np.ndarray, y: np.ndarray) -> float:
    """[step] at which a curve is first half-way from its start to its top.

    Args:
        t: (T,) [step] increasing.
        y: (T,) the curve.
    """
    return float(t[np.argmax(y >= (y[0] + y.max()) / 2)])

"""A detector that raises an exception: what is said of it."""


class DetectorFailed(UserWarning):
    """A detector raised an exception: the detector is wrong, not the log."""


def failure(detector: str, error: Exception) -> DetectorFailed:
    """Say in one line what a detector raised, and what to do."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return DetectorFailed(f"{detector}: {what}; the detector is wrong, not the log: please report it with the log")

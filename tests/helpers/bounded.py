"""What a test may take, and a file that is refused."""

import resource
import time
from contextlib import contextmanager

import pytest

from bestiary.logs.formats import read
from bestiary.logs.run_table import Unreadable


def refused(path):
    with pytest.raises(Unreadable) as caught, frugal():
        read(path)
    line = str(caught.value)
    assert line.startswith(str(path)) and len(line) <= 300 and "\n" not in line
    return line


@contextmanager
def frugal():
    """Fail if what is done takes more than 200 MB or ten seconds of processor time."""
    since, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - since < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024

"""Runs that tests of the Python door share, kept in a folder of their own."""

import pytest

import bestiary


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session", autouse=True)
def quiet():
    """JAX has been set up by the tests already: the door must not point its compile cache elsewhere."""
    patch = pytest.MonkeyPatch()
    patch.setattr("bestiary.train.session.prepare", lambda folder: None)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def entry(cache):
    """A cheap entry: a quartic loss whose step size is in units of the stable one."""
    return bestiary.load("period_doubling", cache=cache)


@pytest.fixture(scope="session")
def ds(entry):
    return entry.run(seeds=3, lr=[0.9, 1.2], steps=300, progress=False)

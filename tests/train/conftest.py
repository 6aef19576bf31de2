"""A store in a folder of its own, and what it tells."""

import pytest

from bestiary.train.store import Store


@pytest.fixture
def told():
    return []


@pytest.fixture
def cabinet(tmp_path, told):
    return Store(tmp_path, told.append)

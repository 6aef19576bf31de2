"""Where runs say that they come from."""

import subprocess

import pytest

from bestiary import files
from bestiary.train.provenance import commit


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A repository with one commit, and a package that lies in it; yields the folder above the package."""

    def git(*words):
        who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True)

    git("init")
    git("commit", "--allow-empty", "-m", "first")
    above = tmp_path / "lib"
    (above / "bestiary").mkdir(parents=True)
    monkeypatch.setattr(files, "PACKAGE", above / "bestiary")
    commit.cache_clear()
    yield above
    commit.cache_clear()


def test_an_installed_package_has_no_commit_whatever_repository_it_lies_in(package):
    assert commit() == ""


def test_a_checkout_has_the_commit_that_it_is_at(package):
    (package / "pyproject.toml").touch()
    (package / "catalog.yaml").touch()
    told = subprocess.run(["git", "-C", package, "rev-parse", "--short", "HEAD"], check=True, capture_output=True)
    assert commit().removesuffix("-dirty") == told.stdout.decode().strip()

"""Runs trained by worker processes are the runs of this process, whatever happens to a worker."""

import time
from dataclasses import replace
from importlib.metadata import version

import pytest
import tiny

pytest.importorskip("distributed")
import clusters
from clusters import content, here, job

from bestiary.train import campaign
from bestiary.train.executors import sizing
from bestiary.train.executors.dask import Dask
from bestiary.train.executors.protocol import ExecutorError
from bestiary.train.store import NoStore, Store

# In this order: a killed worker comes back under another address, and has to compile again.


@pytest.fixture(scope="module")
def client():
    with clusters.cluster(2) as client:
        yield client


@pytest.fixture
def one_by_one(monkeypatch):
    """A cell in each batch."""
    monkeypatch.setattr(sizing, "FIRST", 1)
    monkeypatch.setattr(sizing, "SECONDS", 0.0)
    monkeypatch.setattr(sizing, "COMPILES", 0.0)


def trained(one, client, store=None, on_progress=lambda p: None, notify=pytest.fail):
    ((_, ds),) = campaign.execute([one], store or NoStore(), on_progress, Dask(client, notify))
    return ds


def test_runs_are_those_of_this_process_and_are_kept_here(client, tmp_path):
    one = job(tiny.NET, cells=3)
    heard = []
    far = trained(one, client, Store(tmp_path, pytest.fail), heard.append)
    assert content(far).identical(content(here(one)[0]))
    ((_, again),) = campaign.execute([one], Store(tmp_path, pytest.fail))  # by its address as this process knows it
    assert again.identical(far)
    assert [p.phase for p in heard if p.phase != "train"] == ["compile", "done"]
    done = [p.done for p in heard]
    assert done == sorted(done) and done[-1] == done[-2] == heard[-1].total == 3 * 16 * 30


def test_a_worker_compiles_once(client, one_by_one):
    """The setup is another object in every task; each worker keeps the first, and its program."""
    counts = clusters.watched(client)
    trained(job(tiny.NET, cells=6), client)
    trained(job(tiny.NET, cells=6, root=1), client)
    assert len(counts.finished) == 12
    assert set(client.run(clusters.compiled, "net_loss").values()) <= {0, 1}


def test_a_worker_with_other_versions_is_refused_and_the_others_train(client, one_by_one):
    odd, told = next(iter(clusters.pids(client))), []
    client.run(clusters.pretend, "optax", "0.0.1", workers=[odd])
    far = trained(job(clusters.SLOW, cells=8, seeds=1), client, notify=told.append)
    assert content(far).identical(content(here(job(cells=8, seeds=1))[0]))
    assert told == [f"worker {odd} trains nothing: optax 0.0.1, not {version('optax')}"]
    client.run(clusters.pretend, "optax", "0.0.1")
    with pytest.raises(
        ExecutorError, match=r"no worker is fit; .*: optax 0\.0\.1, not [^;]*; .*: optax 0\.0\.1"
    ) as error:
        trained(job(root=1), client, notify=told.append)
    assert "\n" not in str(error.value)
    client.run(clusters.pretend)


def test_where_all_workers_have_other_source_a_line_says_so(client):
    client.run(clusters.pretend_source, True)
    told = []
    with pytest.raises(
        ExecutorError, match=r"no worker is fit; \S+: other source of cells or of the trainer; \S+: other"
    ):
        trained(job(replace(tiny.NATURAL, probe_every=7)), client, notify=told.append)
    client.run(clusters.pretend_source, False)
    assert len(told) == 1


def test_a_worker_with_other_flags_than_the_first_is_refused(client, one_by_one):
    odd, told = next(iter(clusters.pids(client))), []
    client.run(clusters.flag, "NVIDIA_TF32_OVERRIDE", "0", workers=[odd])
    trained(job(clusters.SLOW, cells=8, seeds=1), client, notify=told.append)
    client.run(clusters.flag, "NVIDIA_TF32_OVERRIDE")
    (line,) = told  # whichever was the first
    assert "NVIDIA_TF32_OVERRIDE 0, not none" in line or "NVIDIA_TF32_OVERRIDE none, not 0" in line


def test_what_comes_home_damaged_is_told_and_run_again(client, one_by_one, tmp_path):
    told = []
    client.run(clusters.damage_the_next)
    far = trained(job(cells=4, root=2), client, Store(tmp_path, told.append))
    client.run(clusters.damage_the_next, False)
    assert content(far).identical(content(here(job(cells=4, root=2))[0]))
    assert 1 <= len(told) <= 2 and all("does not match its digest; running it again" in line for line in told)


def test_an_interrupt_keeps_what_came_home_and_cancels_the_rest(client, one_by_one, tmp_path):
    def interrupt(progress):
        if progress.phase == "train" and progress.done > 0:
            raise KeyboardInterrupt

    one = job(clusters.SLOW, cells=12, seeds=1, root=3)
    with pytest.raises(KeyboardInterrupt):
        trained(one, client, Store(tmp_path, pytest.fail), interrupt)
    deadline = time.monotonic() + 20
    while any("cells" in str(key) for key in client.cluster.scheduler.tasks) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [key for key in client.cluster.scheduler.tasks if "cells" in str(key)]


def test_a_worker_that_is_killed_loses_nothing(client, one_by_one, tmp_path):
    one, counts, killed = job(clusters.SLOW, cells=12, seeds=1), clusters.watched(client), []

    def kill_once(progress):
        if progress.phase == "train" and progress.done >= 3 * 40 and not killed:
            killed.append(clusters.kill(client))

    far = trained(one, client, Store(tmp_path, pytest.fail), kill_once)
    assert killed and content(far).identical(content(here(job(cells=12, seeds=1))[0]))
    assert max(counts.given.values()) == 2, "nothing was given to another worker: the killed one had nothing"
    assert len(counts.finished) == 12 and sum(counts.finished.values()) <= 13

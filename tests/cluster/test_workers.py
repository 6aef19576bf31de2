"""One worker, two or four: the same runs; and none that runs other versions."""

from dataclasses import replace

import clusters
import jax.numpy as jnp
import numpy as np
import pytest
import tiny
from clusters import content, here, job
from dask_processes import Processes
from distributed import Client

import bestiary
from bestiary.train import campaign
from bestiary.train.executors import sizing
from bestiary.train.executors.dask import Dask
from bestiary.train.executors.local import Local
from bestiary.train.store import NoStore

TABLE = np.random.default_rng(0).normal(size=(32, 2048)).astype(np.float32)  # too large to go with every batch


def large(key, knobs, static):
    x = jnp.asarray(TABLE)[:, :4]
    return x, jnp.sin(x.sum(1, keepdims=True))


JOBS = [
    job(tiny.NET, cells=20),
    job(tiny.NET, cells=3, seeds=5, root=1),
    job(tiny.NATURAL, cells=12, seeds=20),  # which settles
    job(tiny.BOWL, cells=40),
    job(tiny.PLAYERS, cells=7),
    job(replace(tiny.NET, data=large), cells=3),
]


@pytest.fixture(scope="module")
def runs():
    """What every cluster must train."""
    return here(*JOBS)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("seconds", [0.0, sizing.SECONDS], ids=["small batches", "batches as they are"])
def test_any_number_of_workers_trains_the_same_runs(runs, workers, seconds, monkeypatch):
    monkeypatch.setattr(sizing, "SECONDS", seconds)
    monkeypatch.setattr(sizing, "COMPILES", seconds)
    with clusters.cluster(workers) as client:
        far = dict(campaign.execute(JOBS, NoStore(), executor=Dask(client, pytest.fail)))
    assert sorted(far) == sorted(runs)
    for index, ds in far.items():
        assert content(ds).identical(content(runs[index])), index


def test_a_worker_of_several_threads_has_as_many_devices(monkeypatch):
    """It trains one batch at a time, and workers of two threads share the batches as those of one thread do."""
    for name in ("SECONDS", "COMPILES"):
        monkeypatch.setattr(sizing, name, 0.0)
    one, counts = job(clusters.SLOW, cells=16, seeds=2), {}
    with clusters.cluster(2, threads_per_worker=2) as client:
        ((_, far),) = campaign.execute([JOBS[0]], NoStore(), executor=Dask(client, pytest.fail))
        list(campaign.execute([one], NoStore(), executor=Dask(client, pytest.fail)))
        assert set(client.run(clusters.devices).values()) == {2}
        counts = client.run(clusters.compiled, "players_step")
    ((_, own),) = campaign.execute([JOBS[0]], NoStore(), executor=Local(devices=2))
    assert content(far).identical(content(own))
    assert set(counts.values()) == {1}, "one of the workers was idle"


def test_an_entry_of_the_catalog_is_known_by_name(tmp_path):
    entry = bestiary.load("period_doubling", cache=tmp_path)
    with clusters.cluster(2) as client:
        far = entry.run(lr=[0.9, 1.2], seeds=32, steps=200, progress=False, executor=client)
    kept = entry.run(lr=[0.9, 1.2], seeds=32, steps=200, progress=False)
    assert far.identical(kept), "the runs came home under another address"
    fresh = bestiary.load("period_doubling", keep=False).run(lr=[0.9, 1.2], seeds=32, steps=200, progress=False)
    assert (far.state == fresh.state).all()


def test_a_worker_with_another_version_is_refused(tmp_path):
    told = []
    with Processes(tmp_path, 1) as processes:
        processes.add_another_optax()
        with Client(processes.address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            one = job(clusters.SLOW, cells=10, seeds=1)
            ((_, far),) = campaign.execute([one], NoStore(), executor=Dask(client, told.append))
    assert content(far).identical(content(here(job(cells=10, seeds=1))[0]))
    (line,) = told
    assert "trains nothing: optax 0.0.1, not " in line

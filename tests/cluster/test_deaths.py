"""Workers and schedulers that die lose nothing that has come home."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import clusters
import pytest
from clusters import content, here, job
from dask_processes import Processes
from distributed import Client

from bestiary.train import campaign
from bestiary.train.executors import sizing
from bestiary.train.executors.dask import Dask
from bestiary.train.store import NoStore, Store

KILLS = 10


def test_workers_killed_at_random_lose_nothing_and_repeat_their_batch_at_most(tmp_path, monkeypatch):
    for name in ("SECONDS", "COMPILES"):
        monkeypatch.setattr(sizing, name, 0.0)
    monkeypatch.setattr(sizing, "FIRST", 1)
    one, over, killed, rng = job(clusters.SLOW, cells=150, seeds=1), threading.Event(), [], random.Random(0)
    with clusters.cluster(3) as client:

        def reaper():
            while len(killed) < KILLS and not over.wait(rng.uniform(0.5, 4.0)):
                there = clusters.pids(client)
                if there:
                    killed.append(clusters.kill(client, rng.choice(sorted(there))))

        counts, thread = clusters.watched(client), threading.Thread(target=reaper)
        thread.start()
        try:
            ((_, far),) = campaign.execute([one], Store(tmp_path, pytest.fail), executor=Dask(client, pytest.fail))
        finally:
            over.set()
            thread.join()
    assert content(far).identical(content(here(job(cells=150, seeds=1))[0]))
    assert len(killed) == KILLS, "the runs were through before the workers were killed"
    assert len(counts.finished) == 150
    again = sum(counts.finished.values()) - len(counts.finished)
    assert again <= KILLS, f"{again} batches were trained to their end twice"


def test_the_only_worker_that_is_fit_is_waited_for(tmp_path, monkeypatch):
    """What it had can be trained by no other; it comes back under another address."""
    for name in ("SECONDS", "COMPILES"):
        monkeypatch.setattr(sizing, name, 0.0)
    monkeypatch.setattr(sizing, "FIRST", 1)
    one, told, killed = job(clusters.SLOW, cells=16, seeds=1), [], []
    with Processes(tmp_path, 1) as processes, Client(processes.address, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        (fit,) = clusters.pids(client)
        processes.add_another_optax()
        client.wait_for_workers(2, timeout=60)

        def kill_once(progress):
            if progress.phase == "train" and told and not killed:
                killed.append(clusters.kill(client, fit))

        ((_, far),) = campaign.execute([one], NoStore(), kill_once, Dask(client, told.append))
    assert killed and len(told) == 1 and "optax 0.0.1, not" in told[0]
    assert content(far).identical(content(here(job(cells=16, seeds=1))[0]))


@contextmanager
def command(cache, *words, **env):
    """A map of 120 points of 16 runs, as a user types it, in a process of its own."""
    entry = ["map", "period_doubling", "--over", "lr=0.5:1.4:120", "--seeds", "16", "--set", "steps=3000"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    env = os.environ | {"BESTIARY_CACHE_DIR": str(cache)} | env
    with subprocess.Popen([sys.executable, "-W", "error", "-m", "bestiary", *entry, *words], env=env, **pipes) as child:
        try:
            yield child
        finally:
            child.kill()


def wait_for_runs(cache, child):
    """Wait until some cells are kept."""
    deadline = time.monotonic() + 240
    while len(list(cache.glob("runs/period_doubling/*.nc"))) < 3:
        assert child.poll() is None and time.monotonic() < deadline, child.communicate()
        time.sleep(0.01)


def own(err):
    """What is told on standard error but for progress and the size of the grid."""
    lines = [line for line in err.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith(("[", "period_doubling: "))]


def test_a_lost_scheduler_is_one_line_and_what_came_home_is_kept(tmp_path):
    cache = tmp_path / "cache"
    with (
        Processes(tmp_path, 2) as processes,
        command(cache, "--on", "dask", DASK_SCHEDULER_ADDRESS=processes.address) as child,
    ):
        wait_for_runs(cache, child)
        processes.lose_the_scheduler()
        lost = time.monotonic()
        out, err = child.communicate(timeout=60)
        took = time.monotonic() - lost
    gone = "the scheduler is gone; what has come home is kept, and the same command goes on from there"
    assert own(err) == [f"--on {processes.address}: {gone}"]
    assert child.returncode == 2 and out == "" and took < 20
    kept = {file: file.stat().st_mtime_ns for file in cache.glob("runs/period_doubling/*.nc")}
    assert 3 <= len(kept) < 120
    with command(cache) as child:
        out, err = child.communicate(timeout=300)
    assert child.returncode == 0 and "period_doubling" in out
    assert kept.items() <= {file: file.stat().st_mtime_ns for file in cache.glob("runs/period_doubling/*.nc")}.items()
    assert len(list(cache.glob("runs/period_doubling/*.nc"))) == 120


def test_an_interrupt_leaves_the_cluster_to_others(tmp_path):
    cache = tmp_path / "cache"
    with Processes(tmp_path, 1) as processes, command(cache, "--on", str(processes.file)) as child:
        wait_for_runs(cache, child)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        assert child.returncode == 130 and out == "" and "finished runs" in own(err)[-1], err
        with Client(processes.address, set_as_default=False) as client:
            assert client.submit(os.getpid).result(60) not in (0, os.getpid())
            assert client.run_on_scheduler(ours) == []


def ours(dask_scheduler):
    """The tasks of bestiary that a scheduler knows."""
    return [str(key) for key in dask_scheduler.tasks if "bestiary" in str(key)]

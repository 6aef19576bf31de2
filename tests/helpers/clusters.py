"""Dask clusters of processes on this machine, and a setup whose runs take as long as one likes without computing."""

import logging
import os
import signal
import time
import uuid
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import tiny
from distributed import Client, LocalCluster
from distributed.diagnostics.plugin import SchedulerPlugin

from bestiary.train import campaign
from bestiary.train.executors.local import Local
from bestiary.train.jobs import Job, Setup
from bestiary.train.store import NoStore


def content(ds):
    """A dataset without its attributes: dates differ."""
    return ds.drop_attrs(deep=False)


@contextmanager
def cluster(workers, **how):
    """A client of so many worker processes; what Dask logs of workers that die is not shown."""
    quiet = {"silence_logs": logging.CRITICAL, "dashboard_address": None, "threads_per_worker": 1} | how
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sockets and loops that Dask leaves open as it closes
        with LocalCluster(n_workers=workers, **quiet) as made, Client(made, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
            yield client


def here(*jobs):
    """The runs of this process, on one device as a worker of one thread has: on several they differ by rounding."""
    return dict(campaign.execute(jobs, NoStore(), executor=Local(devices=1)))


def slow(log):
    """Take a moment at each eighth of the schedule; a run takes half a second, without computing."""
    time.sleep(0.07)
    return False


SLOW = replace(tiny.PLAYERS, settled=slow)  # the runs are those of tiny.PLAYERS: they do not settle


def job(p=tiny.PLAYERS, cells=4, seeds=16, root=0, **changes):
    """A job of so many cells of one block of seeds."""
    setup = Setup.of("cells", p)
    settings = tuple(p.knobs._replace(lr=0.01 * (1 + i)) for i in range(cells))
    return Job("cells", p, p.static._replace(**changes), settings, (seeds,) * cells, root, setup.code, setup.packages)


def pids(client):
    """{address of a worker: its process}."""
    return client.run(os.getpid)


def kill(client, worker=None):
    """Kill a worker, as a machine that goes down would, by itself one that trains; return its address."""
    there = pids(client)
    worker = worker or next(address for address, keys in client.processing().items() if keys)
    os.kill(there[worker], signal.SIGKILL)
    return worker


def compiled(name):
    """On a worker: how many programs of a setup with a loss or a step of that name it has compiled."""
    from bestiary.train import trainer

    return sum(n for p, n in trainer.compiled.items() if getattr(p.loss or p.step, "__name__", "") == name)


def devices():
    """On a worker: how many devices it has."""
    import jax

    return jax.local_device_count()


def pretend(package="", number=""):
    """On a worker: say that a package has another version; without one, tell the truth again."""
    from bestiary.train import store

    true = getattr(store._version, "true", store._version)

    def told(module):
        return number if module == package else true(module)

    told.true = true
    store._version = told if package else true


def pretend_source(other):
    """On a worker: have other source under the names by which setups come, or tell the truth again."""
    from bestiary.train.executors import parcel

    true = getattr(parcel._code, "true", parcel._code)

    def told(named):
        return "0"

    told.true = true
    parcel._code = told if other else true


def flag(name, value=None):
    """On a worker: set a variable of its environment, or take it away."""
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


def damage_the_next(really=True):
    """On a worker: change a byte of the next file that it sends; or take that back."""
    from bestiary.train import runs

    encode = runs.encode = getattr(runs.encode, "true", runs.encode)
    if not really:
        return

    def damaged(ds):
        runs.encode = encode
        content = bytearray(encode(ds))
        content[-5] ^= 1
        return bytes(content)

    damaged.true = encode
    runs.encode = damaged


class Runs(SchedulerPlugin):
    """Counts on the scheduler how often each batch was given to a worker, and how often it was finished."""

    def __init__(self):
        self.given, self.finished = Counter(), Counter()

    def transition(self, key, start, finish, *args, **kwargs):
        if str(key).startswith("bestiary-cells"):
            self.given[key] += finish == "processing"
            self.finished[key] += (start, finish) == ("processing", "memory")


def watched(client):
    """Count on the scheduler of a cluster in this process."""
    counts = Runs()
    client.cluster.scheduler.add_plugin(counts, name=f"runs-{uuid.uuid4()}")
    return counts

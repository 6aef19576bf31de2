"""A hundred thousand runs leave no trace in the memory of who asks for them, nor in the scheduler's."""

import os

import numpy as np
import pytest
from clusters import job
from dask_processes import Processes, resident
from distributed import Client

from bestiary.train import campaign
from bestiary.train.executors.dask import Dask
from bestiary.train.store import NoStore

JOBS, CELLS, SEEDS = 25, 250, 16
GROWTH = 24  # [MiB] from the first quarter of the jobs to the last; all curves together are 4.4 MB a thousand


def test_a_hundred_thousand_runs_keep_memory_flat(tmp_path):
    jobs = [job(cells=CELLS, seeds=SEEDS, root=root) for root in range(JOBS)]
    assert sum(sum(one.seeds) for one in jobs) == 100_000
    memory, trained = [], 0
    with Processes(tmp_path, 2) as processes, Client(processes.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        for _, ds in campaign.execute(jobs, NoStore(), executor=Dask(client, pytest.fail)):
            trained += ds.sizes["setting"] * ds.sizes["seed"]
            assert np.isfinite(ds["r2"]).all()
            del ds
            memory.append((resident(os.getpid()), resident(processes.scheduler.pid)))
        keys = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
    assert trained == 100_000 and len(memory) == JOBS and keys <= 1  # the setup, which its executor holds
    first, last = np.median(memory[2:8], axis=0), np.median(memory[-6:], axis=0)
    assert (last - first < GROWTH).all(), memory

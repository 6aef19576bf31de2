"""A scheduler and workers as a cluster has them: processes of their own, which find each other by a file."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


class Processes:
    """A scheduler and workers of one thread; used as a context, it leaves none behind.

    Args:
        folder: for the scheduler's file and the logs.
        workers: how many, each with a nanny that starts it again.
    """

    def __init__(self, folder, workers):
        self.folder, self.workers = Path(folder), []
        self.file = self.folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", self.file, "--no-dashboard")
        self.address = self._address()
        for _ in range(workers):
            self.add()

    def add(self, **env):
        """Start a worker, with more in its environment."""
        name = f"worker{len(self.workers)}"
        words = [self.address, "--nthreads", "1", "--name", name, "--no-dashboard", "--local-directory", self.folder]
        self.workers.append(self._start("worker", *words, log=name, **env))

    def add_another_optax(self):
        """Start a worker that has optax 0.0.1, as far as its environment says."""
        other = self.folder / "site" / "optax-0.0.1.dist-info"
        other.mkdir(parents=True)
        (other / "METADATA").write_text("Metadata-Version: 2.1\nName: optax\nVersion: 0.0.1\n")
        self.add(PYTHONPATH=os.pathsep.join([str(other.parent), *filter(None, sys.path)]))

    def _start(self, what, *words, log=None, **env):
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *map(str, words)]
        with open(self.folder / f"{log or what}.log", "w") as out:
            env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | env
            return subprocess.Popen(command, stdout=out, stderr=out, env=env, cwd=self.folder)

    def _address(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.file.is_file() and self.file.stat().st_size:
                return json.loads(self.file.read_text())["address"]
            assert self.scheduler.poll() is None, (self.folder / "scheduler.log").read_text()
            time.sleep(0.05)
        raise AssertionError((self.folder / "scheduler.log").read_text())

    def lose_the_scheduler(self):
        """Kill it."""
        self.scheduler.kill()
        self.scheduler.wait()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.workers:
            process.send_signal(signal.SIGTERM)  # a nanny takes its worker along
        for process in self.workers:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.scheduler.terminate()
        self.scheduler.wait()


def resident(pid):
    """[MiB] memory of a process, as Linux tells it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

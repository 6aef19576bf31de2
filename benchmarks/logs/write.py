"""Logs as other people's tools write them today: one tiny run through each tool's own interface.

    python benchmarks/logs/write.py FOLDER [TOOL]... [--samples tests/data/logs/real]

A tool that is not installed is skipped with one line. FOLDER/<tool>/ has what the tool left there, which `bestiary
detect` reads unaided; --samples copies the logs among it, without the names of people, machines and folders.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np
from trainers import BATCH, EVERY, RATE, STEPS, TEST, X, Y, huggingface, keras, lightning

KEPT = r"metrics(\.csv|/.+)|meta\.yaml|.*tfevents.*|mlflow\.db|log\.csv|history\.json|run-.*\.wandb|trainer_state\.json"
LEFT = r"checkpoint-(?!50/)"  # one of the checkpoints is enough
TABLES = ("runs", "metrics", "experiments", "alembic_version")  # kept of MLflow's database


def regression(seed: int = 0) -> Iterator[tuple[int, dict[str, float]]]:
    """Logistic regression by hand, for the tools that only log: train at every step, val at every tenth."""
    rng, w = np.random.default_rng(seed), np.zeros(8)

    def measured(x: np.ndarray, y: np.ndarray) -> tuple[float, float, np.ndarray]:
        z = x @ w
        grad = x.T @ (1 / (1 + np.exp(-z)) - y) / y.size
        return float(np.logaddexp(0, z).mean() - (y * z).mean()), float(((z > 0) == y).mean()), grad

    for step in range(STEPS):
        rows = rng.integers(0, 256, BATCH)
        loss, accuracy, grad = measured(X[rows], Y[rows])
        row = {"train/loss": loss, "train/accuracy": accuracy, "lr": RATE * (1 - step / STEPS)}
        if step % EVERY == EVERY - 1:
            row["val/loss"], row["val/accuracy"], _ = measured(X[TEST], Y[TEST])
        w = w - row["lr"] * grad
        yield step, row


def torch_tensorboard(home: Path) -> None:
    """SummaryWriter: a run that was resumed in its folder; add_scalars, and hyperparameters."""
    from torch.utils.tensorboard import SummaryWriter

    for begin, end in (0, STEPS // 2), (STEPS // 2 - 5, STEPS):
        with SummaryWriter(str(home / "resumed")) as writer:
            for name, value, step in ((n, v, s) for s, row in regression() if begin <= s < end for n, v in row.items()):
                writer.add_scalar(name, value, step)
    with SummaryWriter(str(home / "scalars")) as writer:
        for step, row in regression():
            writer.add_scalars("loss", {n.split("/")[0]: v for n, v in row.items() if n.endswith("/loss")}, step)
        writer.add_hparams({"lr": RATE}, {"final/loss": row["val/loss"]})


def tensorboardX(home: Path) -> None:
    """Its SummaryWriter, with Loss/train rather than train/loss, and its add_scalars."""
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(home)) as writer:
        for step, row in regression():
            writer.add_scalar("Loss/train", row["train/loss"], step)
            if "val/accuracy" in row:
                writer.add_scalars("accuracy", {"train": row["train/accuracy"], "val": row["val/accuracy"]}, step)


def mlflow(home: Path) -> None:
    """Two runs, and one that was deleted, in a folder and in the database that is the default."""
    os.environ.update(MLFLOW_ALLOW_FILE_STORE="true", LOGNAME="someone")
    import mlflow

    for store in f"sqlite:///{home / 'mlflow.db'}", (home / "mlruns").as_uri():
        mlflow.set_tracking_uri(store)
        for seed in range(3):
            with mlflow.start_run(run_name=f"seed-{seed}") as run:
                for step, row in regression(seed):
                    if "val/loss" in row:
                        mlflow.log_metrics(row, step=step)
        mlflow.delete_run(run.info.run_id)


def wandb(home: Path) -> None:
    """A run that is not synchronised; a metric in a metric, as a nested dict is."""
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=str(home))
    import wandb

    names = "x_disable_meta", "x_disable_stats", "x_disable_machine_info", "disable_git", "disable_code"
    settings = wandb.Settings(console="off", host="host", **dict.fromkeys(names, True))
    with wandb.init(project="samples", name="seed-0", settings=settings) as run:
        for step, row in regression():
            val = {name[4:]: row.pop(name) for name in [*row] if name.startswith("val/")}
            if step % 2:  # which the steps with val are among
                run.log(row | ({"val": val} if val else {}), step=step)


TOOLS: dict[Callable[[Path], None], tuple[str, ...]] = {
    huggingface: ("transformers", "accelerate"),
    lightning: ("lightning",),
    torch_tensorboard: ("torch", "tensorboard"),
    tensorboardX: ("tensorboardX",),
    mlflow: ("mlflow",),
    keras: ("keras",),
    wandb: ("wandb",),
}


def sample(home: Path, to: Path) -> None:
    """Copy the logs of a tool, less what names a person, a machine or a folder."""
    shutil.rmtree(to, ignore_errors=True)
    for file in sorted(f for f in home.rglob("*") if f.is_file()):
        name = file.relative_to(home).as_posix()
        if not re.fullmatch(rf"(?!{LEFT})([^/]+/)*({KEPT})", name):
            continue
        new = to / re.sub(r"(tfevents\.\d+)\.[^.]+", r"\1.host", name)
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, new)
        if new.name == "meta.yaml":
            new.write_text(new.read_text("utf-8").replace(str(home), "/logs"), "utf-8")
        elif new.name == "mlflow.db":
            with closing(sqlite3.connect(new, isolation_level=None)) as base:
                asked = "select type, name from sqlite_master where sql is not null"
                for kind, name in base.execute(asked).fetchall():
                    if name not in TABLES:
                        base.execute(f"drop {kind} if exists {name}")
                base.execute("update runs set artifact_uri = '', user_id = 'someone', source_name = ''")
                base.execute("update experiments set artifact_location = ''")
                base.execute("pragma page_size = 1024")
                base.execute("vacuum")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.argument("names", nargs=-1, metavar="[TOOL]...")
@click.option("--samples", type=click.Path(path_type=Path, file_okay=False), help="Copy the logs there.")
def main(folder: Path, names: tuple[str, ...], samples: Path | None) -> None:
    """Write each tool's logs below FOLDER."""
    socket.gethostname = lambda: "host"  # it is part of the name of every event file
    for write, packages in TOOLS.items():
        name = write.__name__
        if names and name not in names:
            continue
        if missing := [package for package in packages if not find_spec(package)]:
            print(f"{name}: skipped, {', '.join(missing)} not installed")
            continue
        home = folder.resolve() / name
        if home.exists():
            raise click.ClickException(f"{home}: is there already; name a new folder")
        home.mkdir(parents=True)
        write(home)
        if samples is not None:
            sample(home, samples / name)
        print(f"{name}: {home}")


if __name__ == "__main__":
    main()

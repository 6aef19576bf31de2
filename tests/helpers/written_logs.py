"""Small logs that tests write."""

from pathlib import Path

import numpy as np
import pytest
from curves import bursts

from bestiary.train import runs

T = np.arange(4000.0)


def csv(path: Path, counter: str = "step", /, **columns: np.ndarray) -> Path:
    """A log with a step, called so, and one column for each name."""
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    lines = [f"{step}," + ",".join(f"{v:.8g}" for v in row) for step, row in enumerate(rows)]
    path.write_text("\n".join([",".join([counter, *columns]), *lines]) + "\n")
    return path


def spiky(path: Path) -> Path:
    return csv(path, loss=bursts(T, [1000, 2000, 3000])["loss"].values)


def event_files(folder, starts=((0, 100),), tag="Loss/train"):
    """Event files as TensorBoard's own writer writes them; each logs 1 / (1 + step)."""
    tensorboard = pytest.importorskip("tensorboard")
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    assert tensorboard
    for i, (start, stop) in enumerate(starts):
        writer = EventFileWriter(str(folder), filename_suffix=f".{i}")
        for step in range(start, stop):
            value = summary_pb2.Summary.Value(tag=tag, simple_value=1 / (1 + step) + i)
            writer.add_event(event_pb2.Event(step=step, wall_time=step, summary=summary_pb2.Summary(value=[value])))
        writer.close()
    return sorted(folder.iterdir())


def netcdf(path, unit="step"):
    xr = pytest.importorskip("xarray")
    loss = np.exp(-np.arange(100.0) / 20) * np.ones((1, 2, 1))
    ds = xr.Dataset(
        {"loss": (("setting", "seed", "step"), loss), "level": (("setting", "seed", "step"), 0 * loss + 0.5)},
        {"step": np.arange(100, dtype=np.int32), "seed": np.arange(2, dtype=np.int32)},
    )
    ds["step"].attrs["units"] = unit
    last = np.array([[99, 49]], np.int32)
    runs.write(runs.seal(ds.assign_coords(last_step=(("setting", "seed"), last))), path)

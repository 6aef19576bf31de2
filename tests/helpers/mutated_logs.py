"""Logs of every format that is read, damaged or full of odd things: {format: function that writes one to a path}."""

import bz2
import csv
import gzip
import io
import json
import lzma
import random
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import console_logs
import numpy as np
import odd
from log_files import LOGS
from wandb_files import history, written
from written_logs import netcdf

REAL = LOGS / "real"
CONSOLE = sorted(name for name in vars(console_logs) if callable(getattr(console_logs, name)) and name != "lines")


def _sample(pattern: str, rng: random.Random) -> bytes:
    return rng.choice(sorted(LOGS.rglob(pattern))).read_bytes()


def _maybe(raw: bytes, rng: random.Random, share: float = 0.3) -> bytes:
    return odd.damaged(raw, rng) if rng.random() < share else raw


def csv_log(path: Path, rng: random.Random) -> None:
    if rng.random() < 0.4:
        path.write_bytes(odd.damaged(_sample("*.csv", rng), rng))
        return
    names, columns, n = odd.table(rng)
    share, text = rng.choice([0, 0, 0.005, 0.02, 0.3]), io.StringIO()
    writer = csv.writer(text, delimiter="\t" if path.suffix == ".tsv" else rng.choice(",,,;\t| "))
    if rng.random() < 0.9:
        writer.writerow(names)
    for i in range(n):
        row = [rng.choice(odd.CELLS) if rng.random() < share else repr(float(column[i])) for column in columns]
        if rng.random() < share / 5:
            row = rng.choice([row[: rng.randrange(len(row) + 1)], [*row, "1"], names])
        writer.writerow(row)
    encoding = rng.choice(["utf-8"] * 8 + ["utf-16", "utf-8-sig", "latin-1"])
    path.write_bytes(_maybe(text.getvalue().encode(encoding, "replace"), rng))


def _objects(rng: random.Random) -> list[dict]:
    names, columns, n = odd.table(rng)
    share = rng.choice([0, 0, 0.005, 0.02, 0.3])
    made = []
    for i in range(n):
        row = {}
        for name, column in zip(names, columns, strict=True):
            value = rng.choice(odd.VALUES) if rng.random() < share else float(column[i])
            if rng.random() > 0.05:
                row[name] = value if rng.random() < 0.9 else {name: value}
        made.append(row)
    return made


def _dumped(content: object, rng: random.Random) -> str:
    text = json.dumps(content, ensure_ascii=rng.random() < 0.5)
    return text.replace("1e+308", "1" * 5000, 1) if rng.random() < 0.3 else text  # more digits than int() reads


def jsonl(path: Path, rng: random.Random) -> None:
    lines = [_dumped(row, rng) for row in _objects(rng)]
    raw = "\n".join(lines).encode("utf-8", "surrogatepass")
    raw = odd.damaged(_sample("*.jsonl", rng), rng) if rng.random() < 0.3 else _maybe(raw, rng)
    path.write_bytes(raw)


def trainer_state(path: Path, rng: random.Random) -> None:
    rows = _objects(rng)
    content = rng.choice([rows, {"log_history": rows}, {"log_history": [*rows, *rng.sample(odd.VALUES, 3)]}])
    if rng.random() < 0.1:
        content = rng.choice([{"log_history": {}}, {"log_history": [rows]}, [*rows, rng.choice(odd.VALUES)], "x", []])
    raw = _dumped(content, rng).encode("utf-8", "surrogatepass")
    path.write_bytes(odd.damaged(_sample("trainer_state.json", rng), rng) if rng.random() < 0.3 else _maybe(raw, rng))


def keras_history(path: Path, rng: random.Random) -> None:
    names, columns, n = odd.table(rng)
    content = {}
    for name, column in zip(names, columns, strict=True):
        cells = [rng.choice(odd.VALUES) if rng.random() < 0.02 else float(x) for x in column]
        content[name] = cells[: rng.choice([n, n, n // 2])]
    raw = _dumped(content, rng).encode("utf-8", "surrogatepass")
    path.write_bytes(odd.damaged(_sample("*history.json", rng), rng) if rng.random() < 0.3 else _maybe(raw, rng))


def events(path: Path, rng: random.Random) -> None:
    from tensorboard.compat.proto import event_pb2
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    if rng.random() < 0.35:
        path.write_bytes(odd.damaged(_sample("*tfevents*", rng), rng))
        return
    names, columns, n = odd.table(rng)
    made = b""
    for i in range(min(n, 100)):
        event = event_pb2.Event(wall_time=i, step=rng.choice([i, i, i, -i, 2**62]))
        for name, column in zip(names, columns, strict=True):
            value = event.summary.value.add()
            value.tag = name
            if rng.random() < 0.5:
                with np.errstate(all="ignore"):
                    value.simple_value = float(np.float32(column[i]))
                continue
            value.tensor.dtype = rng.choice([2, 3, 7, 9, 10, 14, 0, 99, 8, 21, 120]) if rng.random() < 0.3 else 1
            value.tensor.float_val.extend([1.0] * rng.choice([1, 1, 1, 0, 3]))
            if rng.random() < 0.2:
                value.tensor.tensor_content = rng.randbytes(rng.choice([4, 3, 8]))
            if rng.random() < 0.1:
                value.tensor.tensor_shape.dim.add().size = rng.choice([1, 0, -1, 2**40])
            value.tensor.tensor_shape.unknown_rank = rng.random() < 0.05
        record = _maybe(event.SerializeToString(), rng, 0.02)
        head = struct.pack("<Q", len(record))
        made += head + struct.pack("<I", masked_crc32c(head)) + record + struct.pack("<I", masked_crc32c(record))
    path.write_bytes(_maybe(made, rng, 0.2))


def parquet(path: Path, rng: random.Random) -> None:
    import pyarrow
    from pyarrow import parquet as pq

    names, columns, n = odd.table(rng)
    made: dict[str, pyarrow.Array] = {}
    for name, column in zip(names, columns, strict=True):
        plain = np.nan_to_num(column).clip(-1e3, 1e3)
        kinds: list[Callable[[], pyarrow.Array]] = [
            lambda column=column: pyarrow.array(column),
            lambda plain=plain: pyarrow.array(plain.astype(np.float16)),
            lambda: pyarrow.array([rng.choice([*odd.CELLS, "1"]) for _ in range(n)]),
            lambda: pyarrow.array([None] * n),
            lambda plain=plain: pyarrow.array([{"a": float(x), "b": {"c": 1}} for x in plain]),
            lambda plain=plain: pyarrow.array([[float(x)] for x in plain]),
            lambda: pyarrow.array([b"\xff"] * n),
            lambda: pyarrow.array(list(range(n)), pyarrow.timestamp("s")),
            lambda: pyarrow.array([rng.choice(["a", "b", None]) for _ in range(n)], "string").dictionary_encode(),
            lambda: pyarrow.array(np.arange(n).astype(np.uint64) + 2**63),
            lambda plain=plain: pyarrow.array([None if rng.random() < 0.3 else float(x) for x in plain]),
            lambda: pyarrow.array([1] * n).cast(pyarrow.decimal128(30, 2)),
        ]
        made.setdefault(name, rng.choice(kinds)())
    held = pyarrow.table(made)
    if rng.random() < 0.1:
        held = held.rename_columns(["loss"] * len(made))
    content = io.BytesIO()
    pq.write_table(held, content)
    path.write_bytes(_maybe(content.getvalue(), rng, 0.5))


def mlflow_database(path: Path, rng: random.Random) -> None:
    path.write_bytes((REAL / "mlflow" / "mlflow.db").read_bytes())
    if rng.random() < 0.4:
        path.write_bytes(odd.damaged(path.read_bytes(), rng))
        return
    changes = [
        ("update metrics set value = ?", ["x", None, b"\xff", 1e400, "1e5", ""]),
        ("update metrics set step = ?", ["x", None, b"\xff", 2**62, -1, 1.5]),
        ("update runs set name = ?", ["\x1b[31mX", None, 5, b"\xff\xfe", "a\nb", "x" * 1000]),
        ("update metrics set key = ?", [*odd.NAMES, None, 5, b"\xff"]),
        ("update metrics set run_uuid = ?", [None, 5, b"\xff", "x"]),
        ("update metrics set is_nan = ?, timestamp = null", [1, None, "x"]),
        ("delete from metrics where ? is not null", [1]),
        ("insert into metrics select key, value, ?, run_uuid, step + 1, is_nan from metrics", [1]),
    ]
    shapes = [
        *("drop table metrics", "drop table runs", "alter table metrics rename column step to s"),
        *("alter table metrics rename to m", "create view v as select 1", "alter table runs add computed as (1)"),
    ]
    with closing(sqlite3.connect(path)) as base, suppress(sqlite3.Error):
        for _ in range(rng.randrange(1, 4)):
            change, values = rng.choice(changes)
            base.execute(change, (rng.choice(values),))
            if rng.random() < 0.2:
                base.execute(rng.choice(shapes))
        base.commit()


def netcdf_of_ours(path: Path, rng: random.Random) -> None:
    from bestiary.train import runs

    netcdf(path)
    if rng.random() < 0.4:
        path.write_bytes(odd.damaged(path.read_bytes(), rng))
        return
    ds = runs.read(path).copy(deep=True)
    changes: list[Callable] = [
        lambda ds: ds.drop_vars(rng.choice(sorted(map(str, ds.variables)))),
        lambda ds: ds.isel(step=slice(0, rng.choice([0, 1, 2]))),
        lambda ds: ds.isel(seed=slice(0, 0)),
        lambda ds: ds.isel(seed=0),
        lambda ds: ds.assign_coords(step=ds["step"].values[::-1].copy()),
        lambda ds: ds.assign_coords(step=ds["step"].values.astype(float) * np.nan),
        lambda ds: ds.assign(loss=ds["loss"] * rng.choice([np.nan, np.inf, 1e308])),
        lambda ds: ds.rename(loss=rng.choice(["spread", "a b", "weird"])),
        lambda ds: ds.assign(extra=("foo", np.arange(3.0))),
        lambda ds: ds.assign(last_step=ds["last_step"] * rng.choice([-1, 0, 1000])),
        lambda ds: ds.assign(words=("step", np.array(["x"] * ds.sizes["step"]))),
        lambda ds: ds.transpose(*rng.sample(list(ds.dims), len(ds.dims))),
    ]
    for _ in range(rng.randrange(1, 4)):
        with suppress(ValueError, KeyError):  # what an earlier change took away
            ds = rng.choice(changes)(ds)
    runs.write(runs.seal(ds), path)


def wandb(path: Path, rng: random.Random) -> None:
    if rng.random() < 0.4:
        path.write_bytes(odd.damaged(_sample("*.wandb", rng), rng))
        return
    rows = [{name: value for name, value in row.items() if value != "\ud800"} for row in _objects(rng)]
    records = [_maybe(history(i, row), rng, 0.02) for i, row in enumerate(rows)]
    written(path, [record if rng.random() < 0.98 else rng.randbytes(20) for record in records])
    path.write_bytes(_maybe(path.read_bytes(), rng, 0.2))


def console(path: Path, rng: random.Random) -> None:
    """What a program prints, in part or garbled, and compressed at times."""
    text = getattr(console_logs, rng.choice(CONSOLE))()
    if rng.random() < 0.5:
        lines = text.split("\n")
        at = [rng.randrange(len(lines)) for _ in range(rng.choice([1, 5, 40]))]
        for i in at:
            lines[i] = rng.choice(
                [*odd.CELLS, lines[i][::-1], lines[i] * 50, lines[i][: len(lines[i]) // 2], "\x1b[31m\r"]
            )
        text = "\n".join(lines if rng.random() < 0.7 else sorted(lines))
    raw = _maybe(text.encode("utf-8", "replace"), rng)
    if rng.random() < 0.3:
        raw = _maybe(rng.choice([gzip, bz2, lzma]).compress(raw), rng)
    path.write_bytes(raw)


def no_ending(path: Path, rng: random.Random) -> None:
    rng.choice([csv_log, jsonl, trainer_state, keras_history, parquet, mlflow_database, netcdf_of_ours, wandb])(
        path, rng
    )


FORMATS: dict[str, tuple[str, Callable[[Path, random.Random], None]]] = {
    "csv": ("log.csv", csv_log),
    "tsv": ("log.tsv", csv_log),
    "console": ("x.log", console),
    "jsonl": ("log.jsonl", jsonl),
    "json": ("trainer_state.json", trainer_state),
    "keras": ("history.json", keras_history),
    "events": ("events.out.tfevents.1.host", events),
    "parquet": ("log.parquet", parquet),
    "mlflow": ("mlflow.db", mlflow_database),
    "netcdf": ("runs.nc", netcdf_of_ours),
    "wandb": ("run-abc.wandb", wandb),
    "no ending": ("logfile", no_ending),
}

"""Where to train is read, opened or refused in one line; what goes to a worker is packed, and what differs is told."""

import json
import pickle
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import cloudpickle
import pytest
import tiny

from bestiary.phenomena import period_doubling
from bestiary.train import campaign, store
from bestiary.train.executors import opening, parcel, remote, task
from bestiary.train.executors.local import Local
from bestiary.train.executors.opening import opened
from bestiary.train.executors.protocol import ExecutorError, parse
from bestiary.train.executors.sizing import BYTES, COMPILES, FIRST, SECONDS, Pace
from bestiary.train.store import NoStore

# Where.

PLACES = {
    "local": ("local", 0),
    "dask": ("configured", 0),
    "dask://local:4": ("own", 4),
    "tcp://node1:8786": ("address", 0),
    "tls://[::1]:8786": ("address", 0),
    "some/where/scheduler.json": ("file", 0),
}
BAD = {
    "": "want local, dask, dask://local:4, tcp://host:port, or the path of a scheduler file that ends in .json",
    "Local": "Local: want local, dask",
    "dask://local": "dask://local: want local, dask",
    "dask://local:0": "dask://local:0: want 1 to 1024 workers",
    "dask://local:4000": "want 1 to 1024 workers",
    "dask://local:-1": "want local, dask",
    "node1:8786": "want local, dask",
    "tcp://node1": "want local, dask",
    "tcp://:8786": "want local, dask",
    "tcp://node1:65536": "65536 is no port; want 1 to 65535",
    "http://node1:8786": "want local, dask",
    "http://node1/scheduler.json": "want local, dask",
}


@pytest.mark.parametrize("text, place", PLACES.items(), ids=list(PLACES))
def test_a_place_is_read(text, place):
    assert parse(text) == (text, *place)


@pytest.mark.parametrize("text, says", BAD.items(), ids=list(BAD))
def test_another_word_is_refused_in_one_line(text, says):
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        parse(text)
    assert says in str(error.value)


def where(place, **machine):
    with opened(place, **machine) as executor:
        return executor


def test_this_process_is_the_default():
    assert all(isinstance(where(place), Local) for place in (None, "local"))
    own = Local()
    assert where(own) is own


def test_without_the_extra_a_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    with pytest.raises(
        ExecutorError, match=r"^dask://local:2: needs what is not installed; pip install 'bestiary\[clu"
    ):
        where("dask://local:2")
    assert isinstance(where("local"), Local)


def test_what_is_no_place_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    with pytest.raises(TypeError, match=r"want a place as a string or a distributed\.Client, not int"):
        where(3)
    with pytest.raises(TypeError, match="asynchronous"):
        where(SimpleNamespace(scheduler_info=None, asynchronous=True))
    with pytest.raises(ValueError, match="width: only for training in this process"):
        where("dask://local:2", width=4)
    with pytest.raises(ExecutorError, match=r"^dask: no scheduler is configured; set DASK_SCHEDULER_ADDRESS="):
        where("dask")
    with pytest.raises(ExecutorError, match=r"no\.json: cannot be read \(No such file"):
        where(str(tmp_path / "no.json"))
    for content in ("", "[]", "{}"):
        (tmp_path / "other.json").write_text(content)
        with pytest.raises(ExecutorError, match=r"other\.json: not the file of a scheduler"):
            where(str(tmp_path / "other.json"))


def test_nobody_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "PATIENCE", 0.2)
    (tmp_path / "old.json").write_text(json.dumps({"address": "tcp://127.0.0.1:1"}))
    for place in ("tcp://127.0.0.1:1", str(tmp_path / "old.json")):
        with pytest.raises(ExecutorError, match=r"^\S+: nobody answers there within 0\.2 s$"):
            where(place)


# How much.


def test_the_first_batch_is_small_and_the_others_last_a_while():
    pace = Pace()
    assert pace.runs(10_000, 4) == FIRST
    pace.learn(16, seconds=0.8, size=1600, compile_seconds=0.0)
    assert pace.runs(10_000, 4) == round(SECONDS / 0.05)


def test_a_program_that_compiles_long_goes_out_in_larger_batches():
    pace = Pace()
    pace.learn(16, seconds=1.6, size=1600, compile_seconds=10.0)
    assert pace.runs(10_000, 4) == round(COMPILES * 10 / 0.1)
    pace.learn(100, seconds=10.0, size=10_000, compile_seconds=0.0)  # on a worker that had compiled
    assert pace.runs(10_000, 4) == round(COMPILES * 10 / 0.1)


def test_what_is_left_is_shared_and_curves_are_bounded():
    pace = Pace()
    pace.learn(16, seconds=1.6e-3, size=16 * 2**20, compile_seconds=0.0)
    assert pace.runs(10_000, 4) == BYTES // 2**20
    assert pace.runs(10, 4) == 3 and pace.runs(1, 4) == 1
    pace.learn(16, seconds=1e6, size=1, compile_seconds=0.0)
    assert pace.runs(10_000, 4) == 1  # a run is never split


# What.


def sent(p):
    """A setup as a worker finds it, and whether the worker has the source that it was sent with."""
    packed = parcel.pack("mine", p)
    found, code = parcel.unpack(pickle.loads(pickle.dumps(packed)))
    return found, code == packed.code != ""


def test_an_entry_goes_by_name():
    found, same = sent(period_doubling.PHENOMENON)
    assert (
        same and found.loss is period_doubling.PHENOMENON.loss and found.schedule is period_doubling.PHENOMENON.schedule
    )
    assert found.detect is not period_doubling.PHENOMENON.detect  # no worker needs it
    assert len(parcel.pack("", period_doubling.PHENOMENON).parts) < 4000


def test_a_module_that_is_not_installed_goes_by_value(monkeypatch):
    packed = parcel.pack("mine", tiny.NET)
    assert cloudpickle.list_registry_pickle_by_value() == set()
    monkeypatch.delitem(sys.modules, "tiny")
    monkeypatch.setattr(sys, "path", [])
    found, code = parcel.unpack(packed)
    assert "tiny" not in sys.modules and code == packed.code
    assert found.loss is not tiny.NET.loss and found.init.__globals__["normals"] is tiny.normals


def test_other_source_of_what_goes_by_name_is_seen(monkeypatch):
    packed = parcel.pack("mine", period_doubling.PHENOMENON)
    assert parcel.unpack(packed)[1] == packed.code

    def loss(params, data, knobs, static):
        return 0.0 * params

    loss.__module__, loss.__qualname__ = period_doubling.__name__, period_doubling.PHENOMENON.loss.__qualname__
    monkeypatch.setattr(period_doubling, loss.__qualname__, loss)
    assert parcel.unpack(packed)[1] != packed.code


def test_what_cannot_be_sent_is_one_line():
    lock = threading.Lock()

    def init(key, knobs, static):
        with lock:
            return 0.0

    with pytest.raises(ExecutorError, match=r"^mine: cannot be sent to a worker \([^\n]*lock[^\n]*\)$"):
        parcel.pack("mine", replace(tiny.PLAYERS, init=init))


def test_differences_are_named():
    assert remote.differences((("jax", "1"),), (("jax", "1"),)) == ""
    assert (
        remote.differences((("a", "1"), ("jax", "1")), (("jax", "2"), ("z", "3")))
        == "a 1, not none, jax 1, not 2, z none, not 3"
    )
    assert [name for name, _ in remote.software()] == ["bestiary", "python"]


def test_the_scheduler_is_shown_nothing_that_imports_jax():
    """It unpickles the function of every task."""
    assert task.call.__module__ == task.keep.__module__ == "bestiary.train.executors.task"
    assert {name for name in vars(task) if not name.startswith("_")} == {
        "annotations",
        "import_module",
        "Any",
        "keep",
        "call",
    }


# Here.


def test_machines_of_another_kind_have_addresses_of_their_own():
    """So that a cluster of GPUs can be driven from a machine without one, and its runs are found again."""
    one = campaign.Job("some", tiny.PLAYERS, tiny.PLAYERS.static, (tiny.PLAYERS.knobs,), (3,), 0, "c0de")
    other = tuple(sorted({**dict(store.machine()), "device": "NVIDIA H100", "platform": "gpu"}.items()))

    class Elsewhere(Local):
        def machine(self, packages):
            return other

    trained = []

    class Spy(NoStore):
        def put(self, cell, ds):
            trained.append(cell)
            return super().put(cell, ds)

        def has(self, cell):
            return False

    ((_, ds),) = campaign.execute([one], Spy(), executor=Elsewhere())
    assert [cell.machine for cell in trained] == [other]
    assert json.loads(ds.attrs["fingerprint"])["machine"] == [list(pair) for pair in other]
    assert trained[0].address != one.cells()[0][0].address

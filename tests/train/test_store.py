"""Cells: found again whole, or told and run again."""

import dataclasses

import numpy as np
import pytest
from cells import CELL, dataset

from bestiary.train import runs, store
from bestiary.train.store import Cell, NoStore

# Addresses.

CHANGES = {
    "entry": "pit",
    "code": "c0df",
    "static": (("steps", 5),),
    "knobs": (("lr", float(np.nextafter(np.float32(0.1), np.float32(1)))),),
    "root": 1,
    "seeds": (0, 2),
    "machine": (("jax", "2"),),
}


def test_every_field_decides_the_address():
    assert set(CHANGES) == {field.name for field in dataclasses.fields(Cell)}
    cells = [CELL, *(dataclasses.replace(CELL, **{name: value}) for name, value in CHANGES.items())]
    assert len({cell.address for cell in cells}) == len({cell.fingerprint for cell in cells}) == len(cells)
    assert dataclasses.replace(CELL).address == CELL.address


def test_the_format_decides_the_address(monkeypatch):
    before = CELL.address
    monkeypatch.setattr(store, "FORMAT", store.FORMAT + 1)
    assert CELL.address != before


def test_names_are_part_of_what_decides():
    """A value that moves from one knob to another is another setting."""
    one, other = (dataclasses.replace(CELL, knobs=k) for k in ((("a", 1.0), ("b", 0.0)), (("a", 0.0), ("b", 1.0))))
    assert one.address != other.address


def test_machine_names_what_rounding_depends_on():
    assert {"platform", "device", "jax", "jaxlib", "optax"} <= set(dict(store.machine()))


# Cells.


def test_put_and_get_are_identical(cabinet, told):
    assert cabinet.get(CELL) is None
    put = cabinet.put(CELL, dataset())
    assert cabinet.get(CELL).identical(put) and put["w"].identical(dataset()["w"])
    assert runs.seal(NoStore().put(CELL, dataset())).identical(put)
    assert told == []


def rejected(cabinet, told):
    """Whether the cell is not taken, with one line that names the file."""
    assert cabinet.get(CELL) is None
    (line,) = told
    assert "\n" not in line and line.startswith(str(cabinet.path(CELL))) and "again" in line
    told.clear()


def test_every_truncation_is_detected(cabinet, told):
    cabinet.put(CELL, dataset())
    whole = cabinet.path(CELL).read_bytes()
    for length in [*range(0, len(whole), 29), len(whole) - 1]:
        cabinet.path(CELL).write_bytes(whole[:length])
        rejected(cabinet, told)


def test_no_flipped_byte_changes_a_run(cabinet, told):
    """Padding and what netCDF does not read may change; everything else is seen."""
    put = cabinet.put(CELL, dataset())
    whole = cabinet.path(CELL).read_bytes()
    seen = 0
    for place in range(0, len(whole), 7):
        cabinet.path(CELL).write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        got = cabinet.get(CELL)
        assert (got is None and len(told) == 1) or (got.identical(put) and not told), place
        seen += len(told)
        told.clear()
    assert seen > 0.7 * len(whole) / 7
    data = whole.index(dataset()["w"].values.astype(">f4").tobytes())
    for place in range(data, data + 32):
        cabinet.path(CELL).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        rejected(cabinet, told)


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"CDF", b"CDF\x01", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"garbage\n" * 99]
)
def test_garbage_is_detected(cabinet, told, content):
    cabinet.path(CELL).parent.mkdir()
    cabinet.path(CELL).write_bytes(content)
    rejected(cabinet, told)


def test_a_folder_in_its_place_is_detected(cabinet, told):
    cabinet.path(CELL).mkdir(parents=True)
    rejected(cabinet, told)


@pytest.mark.parametrize("field", CHANGES)
def test_a_file_moved_to_another_address_is_detected(cabinet, told, field):
    other = dataclasses.replace(CELL, **{field: CHANGES[field]})
    cabinet.put(other, dataset())
    cabinet.path(CELL).parent.mkdir(exist_ok=True)
    cabinet.path(other).rename(cabinet.path(CELL))
    rejected(cabinet, told)


def test_a_sound_file_that_is_no_cell_is_detected(cabinet, told):
    runs.write(runs.seal(dataset()), cabinet.path(CELL))
    rejected(cabinet, told)

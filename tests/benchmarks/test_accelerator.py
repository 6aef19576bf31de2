"""benchmarks/accelerator.py: what a part keeps, that it ends in time, how verdicts are compared, that it all runs."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
import tiny

from bestiary.train.trainer import compile_program

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SCRIPT = BENCHMARKS / "accelerator.py"


@pytest.fixture
def part(monkeypatch):
    """Import a module of the benchmark."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return lambda name: import_module(f"accelerator.{name}")


@pytest.fixture
def script(part, monkeypatch):
    spec = importlib.util.spec_from_file_location("accelerator_script", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_what_was_found_is_on_disk_at_once_and_a_failure_stops_nothing(part, tmp_path):
    kept = part("kept").Kept(tmp_path / "x.json", 60.0)
    assert kept.attempt("a", "number", of=lambda: {"value": np.float32(0.5), "none": float("nan")})
    assert json.loads(kept.path.read_text()) == {"a": {"number": {"value": 0.5, "none": None}}}
    assert kept.attempt("a", "failure", of=lambda: 1 / 0) is None
    told = json.loads(kept.path.read_text())["a"]["failure"]
    assert told["failed"] == "ZeroDivisionError: division by zero" and "Traceback" in told["traceback"]
    assert kept.attempt("b", of=lambda: "after") == "after"


WORKS = """
import time, json
def run(kept, quick, skip=()):
    for key in ("first", "second", "third"):
        if key not in skip:
            kept.put("entries", key, value={"not_reached": "begun", "begun": True})
            SECOND
            kept.put("entries", key, value={"answer": len(skip)})
"""


def run_part(script, tmp_path, monkeypatch, second, seconds=60.0):
    """What a part found whose second entry does something bad."""
    (tmp_path / "bad").mkdir()
    monkeypatch.setattr(script, "GRACE", 0.2)
    folder = tmp_path / "bad" / "accelerator"
    folder.mkdir()
    for name in ("__init__", "kept", "part"):
        (folder / f"{name}.py").write_text((BENCHMARKS / "accelerator" / f"{name}.py").read_text())
    (folder / "works.py").write_text(WORKS.replace("SECOND", f"if key == 'second': {second}"))
    monkeypatch.setattr(script, "HERE", folder.parent)
    one, until = script.Part("works", tmp_path / "works.json", {"quick": True}), time.monotonic() + seconds
    one.start(until)
    return script.whole(one, one.wait(until))


def test_a_part_whose_process_dies_goes_on_without_what_killed_it(script, tmp_path, monkeypatch):
    found = run_part(script, tmp_path, monkeypatch, "import os; os.abort()")
    assert found["entries"]["first"] == {"answer": 0} and found["entries"]["third"] == {"answer": 2}
    assert "the process ended" in found["entries"]["second"]["failed"] and "failed" not in found


def test_a_part_is_killed_at_its_deadline_and_keeps_what_it_has(script, tmp_path, monkeypatch):
    started = time.monotonic()
    found = run_part(script, tmp_path, monkeypatch, "time.sleep(600)", seconds=8.0)
    assert time.monotonic() - started < 60
    assert found["failed"] == "its process ended with SIGKILL at its deadline"
    assert found["entries"]["first"] == {"answer": 0} and found["entries"]["second"]["begun"]


def test_promises_are_kept_here_and_a_broken_one_is_seen(part):
    contract, heard = part("contract"), {}
    contract.promises(tiny.NET, tiny.NET.static, 8, lambda claim, of: heard.update({claim: of()}))
    assert len(heard) == 6 and all(told["kept"] for claim, told in heard.items() if claim != "programs")
    layouts = import_module("layouts")
    runs = {"w": np.array([[1.0, 2.0], [3.0, 4.0]])}
    assert layouts.apart(runs, {"w": runs["w"] * 1.01}) == pytest.approx(0.04 / 4.14, rel=1e-6)
    assert layouts.apart(runs, {"w": np.full((2, 2), np.nan)}) == np.inf
    assert layouts.unequal(runs, {"w": np.nextafter(runs["w"], 9)}) == ["w"]
    assert layouts.not_finite({"w": np.array([[np.nan, 1.0]]), "v": np.array([[1.0, np.inf]])}) == ["v"]


def verdict(outcome, estimate, of="found"):
    claim = SimpleNamespace(of=of, statistic="rate")
    return SimpleNamespace(claim=claim, outcome=outcome, measured="", estimate=estimate)


def test_verdicts_are_compared_claim_by_claim(part):
    agreement = part("agreement")
    findings = [SimpleNamespace(state="found", onset=3.0, found=True), SimpleNamespace(state="absent", found=False)]
    verdicts = [verdict("holds", (0.5, 0.1, 0.9)), verdict("fails", (5.0, 4.0, 6.0), of="onset")]
    result = SimpleNamespace(case=SimpleNamespace(name="c"), findings=findings, verdicts=verdicts)
    claims = [{"outcome": "holds", "measured": "", "estimate": [0.8, 0.6, 1.0]}]
    claims += [{"outcome": "holds", "measured": "", "estimate": [7.0, 6.5, 8.0]}]
    root = {"states": {"absent": 1, "found": 1}, "onsets": [3.0], "claims": claims}
    found = agreement.compared([result], {"cases": {"c": {"root 21": root}}}, 21)
    assert [(c["same"], c["overlap"]) for c in found["claims"]] == [(True, True), (False, False)]
    assert found["cases"]["c"] == {
        "states": root["states"],
        "recorded_states": root["states"],
        "onsets": 1,
        "equal_onsets": 1,
    }
    assert agreement.told(found) == "1/2 verdicts as recorded; c onset: holds -> fails"
    assert all("same" not in c for c in agreement.compared([result], None, 21)["claims"])


def test_the_scan_beside_the_trainer_makes_the_same_records(part):
    speed = part("speed")
    p, knobs, static = tiny.NET, tiny.NET.knobs, tiny.NET.static
    program = compile_program(p, static, width=4, lanes=2)
    timed = speed.Timed("net", 4, 5, int(program.schedule[5]), program)
    rows = program.start([knobs] * 4, [0, 1, 2, 3], 0)
    carry = jax.tree.map(np.array, rows[0])  # the run below takes the rows
    seen = program.run(rows, 0, 5)[1]
    last, plain = speed.scanned(p, knobs, static, timed)(program.place(carry))
    assert np.asarray(last.state.step).tolist() == [timed.steps] * 4
    for c in plain:
        np.testing.assert_allclose(np.asarray(plain[c]), np.asarray(seen[c])[:, :5], rtol=1e-5, atol=1e-6)


def test_widths_stop_growing_where_nothing_is_gained(part):
    saturated = partial(part("speed").saturated, {"16": {"rate": 1.0}, "64": {"rate": 4.0}, "256": {"rate": 4.1}})
    assert not saturated(64) and not saturated(256) and saturated(1024)


@pytest.mark.slow
def test_a_trial_runs_from_end_to_end(tmp_path):
    """Four devices, as an accelerator may have; every part but PyTorch, which need not be there."""
    env = {"JAX_NUM_CPU_DEVICES": "4", "PYTHONPATH": os.pathsep.join(sys.path)}
    parts = ["contract", "agreement", "speed", "whole_map"]
    command = [sys.executable, SCRIPT, "--minutes", "0.5", "--out", tmp_path, "--parts", *parts]
    done = subprocess.run(list(map(str, command)), env=os.environ | env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "accelerator.json").read_text())
    assert set(parts) <= set(found) and sorted(f.name for f in tmp_path.iterdir()) == [
        "accelerator.json",
        "accelerator.md",
    ]
    assert "FAILED" not in done.stdout and all(f"## {name}" in done.stdout for name in parts)
    assert found["contract"]["machine"]["devices"] == 4


@pytest.mark.parametrize("name", ["attention", "mlp"])
def test_the_ensembles_of_pytorch_are_timed(part, name):
    """By gradient descent on drawn data, and by Adam; what they compute is tested with the speed benchmark."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'bestiary[torch]'")
    ensembles = part("torch_ensembles")
    setup, knobs, static = ensembles.parts(name)
    static.steps = 2 * static.log_every
    assert ensembles.ensemble(name, 3, compiling=False)["rate"] > 0
    assert ensembles.eager(setup, knobs, static, seconds=0.0) > 0
    assert torch.get_default_device().type == "cpu"

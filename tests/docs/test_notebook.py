"""The notebook runs from its first cell to its last, and what is stored in it is what a reader should see."""

import os
import re
from pathlib import Path

import nbformat
import pytest
import rerun_notebook

FILE = Path(__file__).resolve().parents[2] / "docs" / "first_experiment.ipynb"
MOST = 400_000  # [byte]
FIGURES = 5


def outputs(notebook):
    """Yield (source, output) of everything that the cells show."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for output in cell.outputs:
                yield cell.source, output


def check(notebook):
    """Fail unless every code cell shows something, and nothing that belongs to a machine or to a mistake."""
    assert all(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    for source, output in outputs(notebook):
        assert output.output_type in ("display_data", "execute_result"), f"{source}\n{output}"  # no error, no warning
        shown = "\n".join(str(text) for kind, text in output.data.items() if kind != "image/png")
        assert not re.search(r"(?<![\w/.>])(/[\w.-]+){2}|[A-Z]:\\\w", re.sub(r"<svg.*?</svg>|</\w+>", "", shown)), shown
        assert "ipywidgets" not in shown
    pictures = [output for _, output in outputs(notebook) if "image/png" in output.data]
    assert len(pictures) == FIGURES


def test_what_is_stored():
    stored = nbformat.read(FILE, as_version=4)
    nbformat.validate(stored)
    check(stored)
    assert FILE.stat().st_size < MOST
    assert set(stored.metadata) == {"kernelspec", "language_info"}, "stale: run `make notebook`"
    progress = [output for _, output in outputs(stored) if output.output_type == "display_data"]
    runs = sum(bool(re.search(r"\.(run|map|check)\(", c.source)) for c in stored.cells if c.cell_type == "code")
    assert len(progress) == runs  # one display each, updated in place


@pytest.mark.slow
def test_it_runs(tmp_path, monkeypatch):
    if "BESTIARY_CACHE_DIR" not in os.environ:
        monkeypatch.setenv("BESTIARY_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel sets its own
    notebook = nbformat.read(FILE, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    check(rerun_notebook.run(notebook, tmp_path))
    assert (tmp_path / "metrics.csv").is_file()


def test_a_cell_that_fails_or_tells_a_path_is_seen():
    stored = nbformat.read(FILE, as_version=4)
    cell = next(cell for cell in stored.cells if cell.cell_type == "code")
    for output in (
        nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[]),
        nbformat.v4.new_output("stream", name="stderr", text="UserWarning"),
        nbformat.v4.new_output("execute_result", {"text/plain": "PosixPath('/home/me/metrics.csv')"}),
    ):
        cell.outputs = [output]
        with pytest.raises(AssertionError):
            check(stored)
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "MNIST/KMNIST, 3 / 4"})]
    check(stored)

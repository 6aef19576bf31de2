"""Run a notebook in a folder of its own; as a script, write what it shows into the notebook."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode


def run(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run every cell in a fresh kernel whose working directory is the folder; return the notebook with its outputs.

    Raises:
        CellExecutionError: a cell failed.
    """
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources, record_timing=False)
    return client.execute()


def main(file: Path) -> None:
    """Run a notebook and store its outputs, without what differs from one machine to the next."""
    with TemporaryDirectory() as folder:
        ran = run(nbformat.read(file, as_version=4), Path(folder))
    ran.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(ran, file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

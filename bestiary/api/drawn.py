"""Figures that a notebook shows."""

import sys

from matplotlib.figure import Figure


def drawn(figure: Figure) -> Figure:
    """Return a figure that a notebook shows: its kernel learns how from the inline backend."""
    if "ipykernel" in sys.modules:
        from matplotlib_inline import backend_inline

        assert backend_inline
    return figure

"""Figures that a notebook shows."""

import sys

from matplotlib.figure import Figure


def drawn(figure: Figure) -> Figure:
    """Return a figure that a notebook shows: a kernel learns how when pyplot is imported, which nothing else needs."""
    if "ipykernel" in sys.modules:
        import matplotlib.pyplot as plt

        assert plt
    return figure

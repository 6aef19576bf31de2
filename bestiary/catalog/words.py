"""The words of the catalog: of what an entry is made, of which kind it is, and what its claims are called.

Standard library only: a list of entries needs no models.
"""

from __future__ import annotations

from typing import Literal

Particle = Literal["attention", "MLP", "linear", "embedding", "normalisation", "optimiser", "data"]
Kind = Literal[
    "transition", "plateau", "instability", "collapse", "bias", "law", "invariant", "hysteresis", "null-test"
]
COMPLEX = 2  # a grade from which a network or data are complex


def zone_of(network: int, data: int) -> int:
    """Return the zone that follows from the grades: 1, and 1 more for a complex network, and 2 for complex data.

    Complex is a grade of 2 or more. So 1 is a toy, 2 a complex network on simple data, 3 a simple network on
    complex data, 4 both.

    Args:
        network: grade of the network, 0 to 3.
        data: grade of the data, 0 to 3.

    Examples:
        >>> zone_of(1, 1), zone_of(2, 1), zone_of(1, 2), zone_of(2, 2)
        (1, 2, 3, 4)
    """
    return 1 + (network >= COMPLEX) + 2 * (data >= COMPLEX)


def called(of: str | tuple[str, str]) -> str:
    """Write what a claim is of: a name, or a pair of names."""
    return of if isinstance(of, str) else " ~ ".join(of)

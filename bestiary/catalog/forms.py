"""The forms of laws: how y may depend on x with two parameters. A new form is one more line of FORMS.

Reading a catalog needs neither NumPy nor SciPy, so that NumPy is imported where a form is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Form(NamedTuple):
    """A form: `intercept + slope * u(x)` is y, or ln y if `on_logs`.

    Attributes:
        equation: the form in words, by the names of its parameters.
        at_zero: name of y at u = 0.
        slope: name of the slope.
        u: function of x, an array of any shape.
        on_logs: whether the line is one of ln y.
        above_0: whether x must be above 0.
    """

    equation: str
    at_zero: str
    slope: str
    u: Callable[[np.ndarray], np.ndarray]
    on_logs: bool
    above_0: bool

    @property
    def parameters(self) -> tuple[str, str]:
        """The parameters' names, first the one that says how y depends on x."""
        return self.slope, self.at_zero


def _ln(x: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.log(x)


FORMS: Mapping[str, Form] = {
    "power": Form("y = constant * x^exponent", "constant", "exponent", _ln, on_logs=True, above_0=True),
    "exponential": Form("y = constant * exp(rate * x)", "constant", "rate", lambda x: x, on_logs=True, above_0=False),
    "logarithmic": Form("y = constant + slope * ln x", "constant", "slope", _ln, on_logs=False, above_0=True),
    "reciprocal": Form("y = offset + scale / x", "offset", "scale", lambda x: 1 / x, on_logs=False, above_0=True),
    # x is what a formula predicts, and both x and y are over its geometric mean g along the axis
    "theory": Form("y / g = ratio * (x / g)^exponent", "ratio", "exponent", _ln, on_logs=True, above_0=True),
}
FITTED = tuple(name for name in FORMS if name != "theory")  # those that need no formula

if TYPE_CHECKING:
    FormName = str
else:
    FormName = Literal[tuple(FORMS)]  # a type checker cannot read the keys of a mapping

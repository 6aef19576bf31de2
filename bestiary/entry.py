"""What an entry is made of. Everything here is plain data or a pure function.

Every function of a setup ends in the same two arguments, (knobs, static):
knobs are traced, so that a sweep compiles once; static is not, so that a
change of it compiles again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple

import jax
import numpy as np

from bestiary.log import Finding, Log

Data = Any  # any pytree of arrays: all that one run trains and is tested on
Params = Any  # any pytree of arrays
Knobs = Any  # a NamedTuple of floats
Static = Any  # a NamedTuple of ints and strings, with `steps` and `log_every`


class TrainState(NamedTuple):
    """One run between two steps.

    Attributes:
        step: () [step] number of updates made.
        params: the parameters.
        opt: the optimiser's state.
        start: the parameters at step 0.
    """

    step: jax.Array
    params: Params
    opt: Any
    start: Params


def full_batch(key: jax.Array, data: Data, knobs: Knobs, static: Static) -> Data:
    """Return the whole data, at every step."""
    return data


def as_given(params: Params, data: Data, knobs: Knobs, static: Static) -> Knobs:
    """Return the knobs, unchanged."""
    return knobs


def linear_schedule(static: Static) -> np.ndarray:
    """Return the steps at which the channels are recorded: 0, log_every, 2 log_every, ..., steps."""
    return np.append(np.arange(0, static.steps, static.log_every), static.steps)


def log_schedule(static: Static, points: int = 200) -> np.ndarray:
    """Return about `points` logarithmically spaced steps from 0 to static.steps, without repeats."""
    return np.unique(np.r_[0, np.geomspace(1, static.steps, points).round().astype(int)])


def check_static(static: Static) -> None:
    """Check that a static part is a NamedTuple with the fields that schedules read.

    Raises:
        TypeError: it is no NamedTuple.
        ValueError: it lacks steps or log_every.
    """
    kind, want = type(static).__name__, "want a NamedTuple with steps and log_every"
    fields = getattr(static, "_fields", None)
    if not isinstance(static, tuple) or fields is None:
        raise TypeError(f"static is a {kind}; {want}")
    lacking = [name for name in ("steps", "log_every") if name not in fields]
    if lacking:
        raise ValueError(f"{kind} lacks {' and '.join(lacking)}; {want}")


@dataclass(frozen=True, eq=False, repr=False)
class Phenomenon:
    """A minimal training setup, Model = Network + Data, paired with its detector.

    Build one, at module level, from module-level functions: the object is hashed by
    identity and is itself the static argument of the compiled trainer.

    One step of the default evolution is
        batch_t  = batch(key_t, data, knobs, static)
        g_t      = grad loss(params_t, batch_t, knobs, static)
        params_t+1, opt_t+1 = the update that optimizer(knobs, static) makes of g_t.

    Attributes:
        knobs: default values of what is traced.
        static: default values of what is not traced: sizes, words, steps.
        data: (key, knobs, static) -> the run's data.
        init: (key, knobs, static) -> the network's parameters.
        loss: (params, batch, knobs, static) -> () training loss.
        optimizer: (knobs, static) -> optax.GradientTransformation, built inside the trace.
        observe: (state, data, knobs, static) -> {channel: ()}, at every recorded step.
        detect: Log -> Finding.
        units: {channel: unit}; every channel has one, "1" if dimensionless.
        figure: the channels to draw, most telling first.
        batch: (key, data, knobs, static) -> what one step sees; default: all data.
        calibrate: (params, data, knobs, static) -> knobs, once before the first step: turns
            knobs given in natural units (a step size in units of 2 / curvature) into plain ones.
        step: (key, state, data, knobs, static) -> state; replaces the default step (two
            players, sequences of tasks; the identity for evaluation-only sweeps).
        probe: like observe, for what is costly, at every `probe_every`-th recorded step.
        schedule: static -> (R,) increasing recorded steps, beginning with 0.
        settled: Log -> whether nothing more will happen; asked at every eighth of the schedule. The run ends at twice
            the eighths at which it first says so.
        lanes: runs advanced together on a CPU core; None lets the trainer choose.
        clock: name and unit of the recorded axis.
        needs: {module: extra}: what the setup imports that not every installation has.

    Examples:
        >>> from typing import NamedTuple
        >>> import optax
        >>> from bestiary import State, simulate
        >>> class Knobs(NamedTuple):
        ...     lr: float = 0.1  # [1] step size
        >>> class Static(NamedTuple):
        ...     steps: int = 20
        ...     log_every: int = 10
        >>> def loss(w, batch, knobs, static):
        ...     return 0.5 * w**2
        >>> def observe(state, data, knobs, static):
        ...     return {"loss": loss(state.params, data, knobs, static)}
        >>> bowl = Phenomenon(
        ...     knobs=Knobs(),
        ...     static=Static(),
        ...     data=lambda key, knobs, static: (),
        ...     init=lambda key, knobs, static: jax.random.normal(key),
        ...     loss=loss,
        ...     optimizer=lambda knobs, static: optax.sgd(knobs.lr),
        ...     observe=observe,
        ...     detect=lambda log: Finding(State.ABSENT, "a bowl has no phenomenon"),
        ...     units={"loss": "1"},
        ...     figure=("loss",),
        ... )
        >>> simulate(bowl, seeds=4)["loss"].sizes["seed"]
        4
    """

    knobs: Knobs
    static: Static
    data: Callable[..., Data]
    init: Callable[..., Params]
    observe: Callable[..., dict[str, jax.Array]]
    detect: Callable[[Log], Finding]
    units: Mapping[str, str]
    figure: tuple[str, ...]
    loss: Callable[..., jax.Array] | None = None
    optimizer: Callable[..., Any] | None = None
    batch: Callable[..., Data] = full_batch
    calibrate: Callable[..., Knobs] = as_given
    step: Callable[..., TrainState] | None = None
    probe: Callable[..., dict[str, jax.Array]] | None = None
    probe_every: int = 10
    schedule: Callable[[Static], np.ndarray] = linear_schedule
    settled: Callable[[Log], bool] | None = None
    lanes: int | None = None
    clock: tuple[str, str] = field(default=("step", "step"))
    needs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.step is None and (self.loss is None or self.optimizer is None):
            raise TypeError("a phenomenon needs either loss and optimizer, or a step of its own")
        check_static(self.static)
        if not isinstance(self.knobs, tuple) or not hasattr(self.knobs, "_fields"):
            raise TypeError(f"knobs is a {type(self.knobs).__name__}; want a NamedTuple of floats")

    def __repr__(self) -> str:
        """Return the module, and in a line each the knobs, the static values and the channels with their units."""
        values = (", ".join(f"{name}={value!r}" for name, value in part) for part in self._values())
        lines = [f"Phenomenon of {self.observe.__module__}"]
        lines += [f"  {name}: {text}" for name, text in zip(("knobs", "static"), values, strict=True)]
        lines.append("  channels: " + ", ".join(f"{name} [{unit}]" for name, unit in self._channel_units()))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the same as a table, for notebooks."""
        knobs, static = self._values()
        rows = [
            *(("knob", name, repr(value)) for name, value in knobs),
            *(("static", name, repr(value)) for name, value in static),
            *(("channel", name, f"[{unit}]") for name, unit in self._channel_units()),
        ]
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        head = "<tr><th>part</th><th>name</th><th>default or [unit]</th></tr>"
        caption = f"<caption>Phenomenon of {escape(self.observe.__module__)}</caption>"
        return f"<table>{caption}<thead>{head}</thead><tbody>{body}</tbody></table>"

    def _values(self) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
        """Names and defaults of the knobs, and of the static part."""
        knobs, static = (list(part._asdict().items()) for part in (self.knobs, self.static))
        return knobs, static

    def _channel_units(self) -> list[tuple[str, str]]:
        """Channels that are known without tracing, those with a unit or in the figure, each with its unit."""
        return [(name, self.units.get(name, "1")) for name in dict.fromkeys((*self.units, *self.figure))]

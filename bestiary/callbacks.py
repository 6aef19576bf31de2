"""A Monitor as a callback of other people's trainers; they are imported when one is asked for, not before."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bestiary.about import Severity
from bestiary.watch.monitor import Monitor


def huggingface(monitor: Monitor, stop_on: Severity | str | None = None, *, alerts_may_raise: bool = False) -> Any:
    """Make a `transformers.TrainerCallback` that logs to a monitor what the Trainer logs.

    Every process logs, as every process has the same numbers and has to stop at the same step; only the first calls
    the monitor's functions. When training ends, the monitor's `finish` is called.

    Args:
        monitor: of this run.
        stop_on: severity, or its name, of a finding that ends training; None for never.
        alerts_may_raise: whether what a function of the monitor raises ends training. Without it each such error is a
            warning that names the finding, and training goes on.

    Raises:
        ImportError: transformers is not installed.
        ValueError: there is no such severity.
    """
    base, bar = _imported("transformers", "transformers").TrainerCallback, _severity(stop_on)
    guarded = _called if alerts_may_raise else _forgiven

    class MonitorCallback(base):
        """Logs to the monitor, and stops where it was asked to."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if not state.is_world_process_zero:
                monitor.on_finding = ()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            guarded(lambda: monitor.log(state.global_step, logs or {}))
            if _reached(monitor, bar):
                control.should_training_stop = True

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            guarded(monitor.finish)

    return MonitorCallback()


def lightning(monitor: Monitor, stop_on: Severity | str | None = None, *, alerts_may_raise: bool = False) -> Any:
    """Make a Lightning `Callback` that logs to a monitor what the module logs.

    Metrics of training are read every `log_every_n_steps` of the Trainer, those of validation when it ends; each once.
    Only the first process calls the monitor's functions. With several processes all stop, at the end of an epoch or
    a validation, if one has reason to. When training ends, the monitor's `finish` is called.

    Args:
        monitor: of this run.
        stop_on: severity, or its name, of a finding that ends training; None for never.
        alerts_may_raise: whether what a function of the monitor raises ends training. Without it each such error is a
            warning that names the finding, and training goes on.

    Raises:
        ImportError: neither `lightning` nor `pytorch_lightning` is installed.
        ValueError: there is no such severity.
    """
    base, bar = _imported("lightning", "lightning.pytorch", "pytorch_lightning").Callback, _severity(stop_on)
    guarded = _called if alerts_may_raise else _forgiven
    seen: dict[str, Any] = {}  # what a metric was when it was read: an epoch's stays until the next epoch's is there

    def read(trainer: Any) -> None:
        new = {name: value for name, value in trainer.callback_metrics.items() if seen.get(name) is not value}
        seen.update(new)
        guarded(lambda: monitor.log(trainer.global_step, new))

    def agree(trainer: Any) -> None:
        if bar is None:
            return
        trainer.should_stop |= trainer.strategy.reduce_boolean_decision(_reached(monitor, bar), all=False)

    class MonitorCallback(base):
        """Logs to the monitor, and stops where it was asked to."""

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
            if not trainer.is_global_zero:
                monitor.on_finding = ()

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            read(trainer)  # what the module logged after our hook at the last epoch's end

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            if trainer.global_step % max(trainer.log_every_n_steps, 1) == 0:
                read(trainer)
                if trainer.world_size == 1:
                    agree(trainer)

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            read(trainer)
            agree(trainer)

        def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
            if not trainer.sanity_checking:
                read(trainer)
                agree(trainer)

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            read(trainer)
            guarded(monitor.finish)

    return MonitorCallback()


def _called(call: Callable[[], object]) -> None:
    call()


def _forgiven(call: Callable[[], object]) -> None:
    """Call; what a function of the monitor raises is a warning, with the finding that the function was given."""
    try:
        call()
    except Exception as error:
        for one in error.exceptions if isinstance(error, ExceptionGroup) else [error]:
            told = "; ".join([f"{type(one).__name__}: {one}", *getattr(one, "__notes__", [])])
            warnings.warn(f"Monitor: {told}; training goes on", stacklevel=2)


def _imported(package: str, *modules: str) -> Any:
    """Import the first of the modules that is installed."""
    for module in modules:
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            if error.name not in (module, module.partition(".")[0]):
                raise  # it is there, and something that it needs is not
    raise ImportError(f"{package} is not installed: pip install {package}", name=package)


def _severity(level: Severity | str | None) -> Severity | None:
    if level is None or isinstance(level, Severity):
        return level
    try:
        return Severity[level.upper()]
    except KeyError:
        raise ValueError(f"stop_on={level!r}: want info, warning or error") from None


def _reached(monitor: Monitor, bar: Severity | None) -> bool:
    return bar is not None and monitor.worst is not None and monitor.worst >= bar

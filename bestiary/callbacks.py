"""A Monitor as a callback of other people's trainers; they are imported when one is asked for, not before."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from bestiary.about import Severity
from bestiary.watch import checkpoints
from bestiary.watch.acts import AT_MOST, Acts, Done, Wanted
from bestiary.watch.monitor import Monitor


def huggingface(
    monitor: Monitor,
    stop_on: Severity | str | None = None,
    *,
    act: Wanted | None = None,
    at_most: int = AT_MOST,
    alerts_may_raise: bool = False,
) -> Any:
    """Make a `transformers.TrainerCallback` that logs to a monitor what the Trainer logs.

    Every process logs, as every process has the same numbers and has to stop at the same step; only the first calls
    the monitor's functions. When training ends, the monitor's `finish` is called.

    Args:
        monitor: of this run.
        stop_on: severity, or its name, of a finding that ends training; None for never.
        act: {finding: action or actions}, such as {"lost": "back", "spike": "save", "error": "stop"}. A finding is a
            detector, or a severity: all at or above it that are not named. `stop` ends training; `save` saves a
            checkpoint; `skip` leaves the next update out; `back` loads weights and optimiser of the newest
            checkpoint from before the finding began, where steps, data and learning rate go on.
        at_most: [1] times that each action is done.
        alerts_may_raise: whether what a function of the monitor raises ends training. Without it each such error is a
            warning that names the finding, and training goes on.

    Returns:
        The callback; its `acts.done` is what was done.

    Raises:
        ImportError: transformers is not installed.
        ValueError: there is no such severity, finding or action, or it cannot be done with this Trainer.
    """
    base, bar = _imported("transformers", "transformers").TrainerCallback, _severity(stop_on)
    guarded, wanted = _called if alerts_may_raise else _forgiven, Acts(monitor, act, at_most)
    if wanted.wants("skip") and not hasattr(base, "on_pre_optimizer_step"):
        raise ValueError("act: skip needs transformers with on_pre_optimizer_step, 4.44 or later")

    class MonitorCallback(base):
        """Logs to the monitor, and acts and stops where it was asked to."""

        acts, skipping, saved, deaf = wanted, False, set[int](), False

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if not state.is_world_process_zero:
                monitor.on_finding = ()
            sharded = [name for name in ("deepspeed", "fsdp") if getattr(args, name, None)]
            if sharded and (wanted.wants("back") or wanted.wants("skip")):
                raise ValueError(f"act: back and skip are for whole weights in each process; {sharded[0]} splits them")
            self.saved = set(range(state.global_step + 1)) if state.global_step else set()  # before it was resumed

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.saved.add(state.global_step)

        def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if self.skipping:
                scaled = getattr(args, "fp16", False) and not getattr(args, "max_grad_norm", 0)
                checkpoints.leave_out(kwargs["optimizer"], keep=scaled)
                self.skipping = False

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            heard = self.heard(logs or {})
            guarded(lambda: monitor.log(state.global_step, heard))
            for due in wanted.due():
                if due.action == "back":
                    self.back(due, args, kwargs, heard)
                    continue
                control.should_save |= due.action == "save"
                control.should_training_stop |= due.action == "stop"
                self.skipping |= due.action == "skip"
                wanted.note(due)
            if _reached(monitor, bar):
                control.should_training_stop = True

        def heard(self, logs: Any) -> Any:
            """Leave a loss out that is not finite because the Trainer's running sum of it once was not.

            The Trainer sets its sum back by taking it away from itself, and `nan - nan` is `nan`: no loaded weights
            make the loss that it logs finite again.
            """
            if not self.deaf or "loss" not in logs:
                return logs
            self.deaf = not math.isfinite(logs["loss"])
            return {name: value for name, value in logs.items() if name != "loss"} if self.deaf else logs

        def back(self, due: Done, args: Any, parts: Any, logs: Any) -> None:
            """Go back to a checkpoint, if there is one."""
            usable = {step for step in self.saved if wanted.usable(due, step)}
            path = checkpoints.huggingface_before(Path(args.output_dir), usable)
            if path is None:
                return wanted.not_done(due, f"{args.output_dir} has no whole checkpoint of this run from before it")
            try:
                checkpoints.huggingface_back(path, parts["model"], parts["optimizer"])
            except Exception as error:  # a file that is torn, say: training goes on
                return wanted.not_done(due, " ".join(f"{type(error).__name__}: {error}".split()))
            wanted.went_back(due, int(path.name.rpartition("-")[2]), str(path))
            if not self.deaf and not math.isfinite(logs.get("loss", 0.0)):
                self.deaf = True
                told = "the Trainer's sum of losses stays not finite, as logging_nan_inf_filter=False lets it"
                warnings.warn(f"Monitor: {told}; its loss is not read until it is finite again", stacklevel=2)

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            guarded(monitor.finish)

    return MonitorCallback()


def lightning(
    monitor: Monitor,
    stop_on: Severity | str | None = None,
    *,
    act: Wanted | None = None,
    at_most: int = AT_MOST,
    alerts_may_raise: bool = False,
) -> Any:
    """Make a Lightning `Callback` that logs to a monitor what the module logs.

    Metrics of training are read every `log_every_n_steps` of the Trainer, those of validation when it ends; each once.
    Only the first process calls the monitor's functions. With several processes all stop, at the end of an epoch or
    a validation, if one has reason to, and all act there on what the first has found. When training ends, the
    monitor's `finish` is called.

    Args:
        monitor: of this run.
        stop_on: severity, or its name, of a finding that ends training; None for never.
        act: {finding: action or actions}, such as {"lost": "back", "spike": "save", "error": "stop"}. A finding is a
            detector, or a severity: all at or above it that are not named. `stop` ends training; `save` saves a
            checkpoint; `skip` leaves the next update out; `back` loads weights and optimiser of the newest
            checkpoint from before the finding began, where steps, data and learning rate go on.
        at_most: [1] times that each action is done.
        alerts_may_raise: whether what a function of the monitor raises ends training. Without it each such error is a
            warning that names the finding, and training goes on.

    Returns:
        The callback; its `acts.done` is what was done.

    Raises:
        ImportError: neither `lightning` nor `pytorch_lightning` is installed.
        ValueError: there is no such severity, finding or action.
    """
    base, bar = _imported("lightning", "lightning.pytorch", "pytorch_lightning").Callback, _severity(stop_on)
    guarded, wanted = _called if alerts_may_raise else _forgiven, Acts(monitor, act, at_most)
    seen: dict[str, Any] = {}  # what a metric was when it was read: an epoch's stays until the next epoch's is there

    def read(trainer: Any) -> None:
        new = {name: value for name, value in trainer.callback_metrics.items() if not _same(seen.get(name), value)}
        seen.update(new)
        guarded(lambda: monitor.log(trainer.global_step, new))

    class MonitorCallback(base):
        """Logs to the monitor, and acts and stops where it was asked to."""

        acts, skipping, since = wanted, "", 0.0

        def agree(self, trainer: Any, module: Any) -> None:
            """Stop if any process has reason to; act as the first has."""
            if wanted:
                due = wanted.due()
                for one in due if trainer.world_size == 1 else trainer.strategy.broadcast(due, src=0):
                    self.do(one, trainer, module)
            if bar is not None:
                trainer.should_stop |= trainer.strategy.reduce_boolean_decision(_reached(monitor, bar), all=False)

        def do(self, due: Done, trainer: Any, module: Any) -> None:
            """Do one thing; every process does it."""
            if due.action == "back":
                return self.back(due, trainer, module)
            if due.action == "save":
                path = _folders(trainer)[0] / f"{due.detector}-step={trainer.global_step}.ckpt"
                trainer.save_checkpoint(path)
                due = due._replace(checkpoint=str(path))
            elif due.action == "skip":
                self.skipping = "next"
            else:
                trainer.should_stop = True
            wanted.note(due)

        def back(self, due: Done, trainer: Any, module: Any) -> None:
            """Go back to a checkpoint, if there is one."""
            if not getattr(trainer.strategy, "lightning_restore_optimizer", True):
                return wanted.not_done(due, f"{type(trainer.strategy).__name__} loads no optimiser by itself")
            folders, usable = _folders(trainer), lambda step: wanted.usable(due, step)
            found = checkpoints.lightning_before(trainer, folders, self.since, usable)
            if found is None:
                return wanted.not_done(due, f"{folders[0]} has no whole checkpoint of this run from before it")
            path, content = found
            checkpoints.lightning_back(trainer, module, content)
            wanted.went_back(due, content["global_step"], str(path))

        def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
            if self.skipping:
                checkpoints.leave_out(optimizer)
                self.skipping = "now"  # and for further optimisers of this batch

        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
            self.since = time.time() - 2  # [s] as coarse as the clocks of files
            if not trainer.is_global_zero:
                monitor.on_finding = ()

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            read(trainer)  # what the module logged after our hook at the last epoch's end

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            if self.skipping == "now":
                self.skipping = ""
            if trainer.global_step % max(trainer.log_every_n_steps, 1) == 0:
                read(trainer)
                if trainer.world_size == 1:
                    self.agree(trainer, pl_module)

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            read(trainer)
            self.agree(trainer, pl_module)

        def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
            if not trainer.sanity_checking:
                read(trainer)
                self.agree(trainer, pl_module)

        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            read(trainer)
            guarded(monitor.finish)

    return MonitorCallback()


def _same(old: Any, new: Any) -> bool:
    """Whether two values are one: Lightning gives a tensor out as another view of the same memory each time."""
    return old is new or (hasattr(old, "data_ptr") and hasattr(new, "data_ptr") and old.data_ptr() == new.data_ptr())


def _folders(trainer: Any) -> list[Path]:
    """Where a Lightning Trainer has its checkpoints; the first is where ours go."""
    named = [getattr(one, "dirpath", None) for one in trainer.checkpoint_callbacks]
    return [*(Path(one) for one in named if one), Path(trainer.default_root_dir) / "checkpoints"]


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

"""Go back to a checkpoint within a training loop of PyTorch; torch is imported when that is done, not before.

Weights and the optimiser's state are those of the checkpoint. Steps, data and learning rate go on from where they are:
so the batches at which the run was lost are not seen again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any


def leave_out(optimizer: Any, *, keep: bool = False) -> None:
    """Take the gradients away, so that the optimiser's next step moves nothing.

    Args:
        optimizer: that is about to step.
        keep: zeros in place of none, for a scaler of gradients that wants some; momentum and decay then still move.
    """
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if not keep:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()


@contextmanager
def rates_kept(optimizers: Iterable[Any]) -> Iterator[None]:
    """Set the learning rates anew to what they were before a state was loaded."""
    before = [(one, [group["lr"] for group in one.param_groups]) for one in optimizers]
    yield
    for one, rates in before:
        for group, rate in zip(one.param_groups, rates, strict=True):
            group["lr"] = rate


def huggingface_before(folder: Path, saved: Iterable[int]) -> Path | None:
    """Return the newest whole `checkpoint-N` of these steps; None if none is left.

    Args:
        folder: `output_dir`, in which they lie.
        saved: [step] at which this run saved, of those that are usable.
    """
    for number in sorted(set(saved), reverse=True):
        path = folder / f"checkpoint-{number}"
        if (path / "optimizer.pt").is_file() and _weights(path):
            return path
    return None


def _weights(path: Path) -> list[Path]:
    return sorted(path.glob("model*.safetensors")) or sorted(path.glob("pytorch_model*.bin"))


def huggingface_back(path: Path, model: Any, optimizer: Any) -> None:
    """Load the weights and the optimiser's state of a `checkpoint-N`.

    Raises:
        ValueError: its weights or its state are not those of this model, and nothing was loaded.
    """
    own, state = model.state_dict(), _state(path)
    if _odd(own, state) and hasattr(model, "from_pretrained"):  # files whose names of weights differ from the model's
        state = type(model).from_pretrained(path).state_dict()
    if odd := _odd(own, state):
        raise ValueError(f"{path.name} has other weights than the model, such as {odd}")
    moments = import_module("torch").load(path / "optimizer.pt", map_location="cpu", weights_only=True)
    with rates_kept([optimizer]):
        optimizer.load_state_dict(moments)  # first, since it may refuse
    model.load_state_dict(state, strict=False)


def _state(path: Path) -> dict[str, Any]:
    """Read the weights, which may be in several files."""
    state: dict[str, Any] = {}
    for file in _weights(path):
        if file.suffix == ".safetensors":
            state |= import_module("safetensors.torch").load_file(file, device="cpu")
        else:
            state |= import_module("torch").load(file, map_location="cpu", weights_only=True)
    return state


def _odd(own: dict[str, Any], state: dict[str, Any]) -> str:
    """Name a weight that only one of model and checkpoint has, or that has two shapes; empty if there is none."""
    there = {own[name].data_ptr() for name in state if name in own}
    lacking = [name for name, value in own.items() if name not in state and value.data_ptr() not in there]  # nor tied
    odd = [name for name, value in state.items() if name not in own or own[name].shape != value.shape]
    return next(iter([*lacking, *odd]), "")


def lightning_before(
    trainer: Any, folders: Iterable[Path], since: float, usable: Callable[[float], bool]
) -> tuple[Path, Any] | None:
    """Return the newest checkpoint of this run that is of a usable step, and its content; None if there is none.

    Args:
        trainer: a Lightning Trainer.
        folders: in which checkpoints may lie.
        since: [s] of the clock at which this run began; what is older is of another.
        usable: of a step.
    """
    times = {file: file.stat().st_mtime for folder in folders for file in folder.glob("*.ckpt")}
    for file in sorted((file for file in times if times[file] >= since), key=lambda file: times[file], reverse=True):
        content = _read(trainer, file)
        if usable(content["global_step"]) and "optimizer_states" in content:
            return file, content
    return None


def _read(trainer: Any, file: Path) -> Any:
    """Read one, as the Trainer does; it is the run's own, and may hold more than tensors."""
    try:
        return trainer.strategy.load_checkpoint(file, weights_only=False)
    except TypeError:  # Lightning before 2.6
        return trainer.strategy.load_checkpoint(file)


def lightning_back(trainer: Any, module: Any, content: Any) -> None:
    """Load the weights and the optimisers' states of a checkpoint that was read."""
    with rates_kept(trainer.optimizers):
        trainer.strategy.load_optimizer_state_dict(content)  # first, since it may refuse
    module.on_load_checkpoint(content)
    trainer.strategy.load_model_state_dict(content, strict=getattr(module, "strict_loading", True))

"""Small logs of kinds that people have, drawn here; what is right of each was written before any was read.

`LOGS` is {name of the file: (text, exit statuses allowed, patterns that must appear, patterns that must not)}.
"""

import json

import numpy as np

R = np.random.default_rng(42)
LOGS: dict[str, tuple[str, set[int], list[str], list[str]]] = {}
QUIET = "0 found"


def rough(n, size):
    """Factors (n,) of noise."""
    return np.exp(size * R.normal(size=n))


def put(name, text, codes, must, never=()):
    LOGS[name] = (text, codes, list(must), list(never))


def table(names, *columns, by=","):
    """Text of a table; whole numbers stay whole."""
    rows = zip(*(column.tolist() if hasattr(column, "tolist") else column for column in columns), strict=True)
    return "\n".join(
        [by.join(names), *(by.join(f"{v:.5g}" if isinstance(v, float) else str(v) for v in r) for r in rows)]
    )


def objects(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def falls(n, to=0.5, by=2.0, tau=5, size=0.02):
    """A loss (n,) that falls to a level, of which the time is a share of the run."""
    return (to + by * np.exp(-np.arange(n) / (n / tau))) * rough(n, size)


I = np.arange(300)  # noqa: E741
Y = falls(300)

# Formats and dirty steps.
put(
    "commas.csv",
    table(["Iteration", "Train Loss", "Val Loss"], I, Y, Y + 0.1, by=";").replace(".", ","),
    {0},
    ["train_loss: `Train Loss`, 300", "test_loss: `Val Loss`", QUIET],
)
AGAIN = [*range(300), *range(200, 500)]
BACK = np.r_[falls(500)[:300] * np.where((I > 250) & (I < 256), 2.5, 1), falls(500)[200:]]
put(
    "resumed.jsonl",
    objects({"step": s, "loss": round(v, 4)} for s, v in zip(AGAIN, BACK.tolist(), strict=True)),
    {0},
    ["overwritten", QUIET],
    ["spike"],
)
put(
    "strings.jsonl",
    objects({"_step": i, "train/loss": "NaN" if i == 77 else v} for i, v in enumerate(Y.tolist())),
    {0},
    ["train_loss: `train/loss`", QUIET],
)
ROWS = [f'"{25 * i:,}",{v:.4f},0.0003' for i, v in enumerate(Y.tolist())]
put("thousands.csv", "\n".join(["step,loss,lr", *ROWS[:250], "step,loss,lr", *ROWS[240:]]), {0}, ["is repeated", QUIET])
put("units.tsv", table(["Epoch []", "Loss [nats]", "LR (1e-4)"], I, Y, 0 * Y + 3, by="\t"), {0}, ["`Loss", QUIET])
put(
    "marks.csv",
    "\ufeff" + table(['"Epoch"', ' "Training Loss"', ' "Validation Accuracy"'], I, Y, 0.9 - Y / 5, by=", "),
    {0},
    ["train_loss: `Training Loss`", "test_acc: `Validation Accuracy`", QUIET],
)
put(
    "phases.csv",
    "epoch,phase,loss,acc\n"
    + "".join(
        f"{e},train,{2 * np.exp(-e / 8) + 0.1:.4f},0.9\n"
        f"{e},val,{2 * np.exp(-e / 8) + 0.4 + max(e - 12, 0) * 0.03:.4f},0.7\n"
        for e in range(30)
    ),
    {0, 1},
    [r"lowest at epoch 1\d", "test_acc"],
)
put(
    "nested.json",
    json.dumps([{"epoch": i, "train": {"loss": v}, "val": {"loss": v + 0.2}} for i, v in enumerate(Y)]),
    {0},
    [QUIET],
)
put(
    "events.jsonl",
    objects({"event": "step", "data": {"step": i, "metrics": {"loss": v}}} for i, v in enumerate(Y.tolist())),
    {0},
    ["data/metrics/loss", QUIET],
)
put("denser.csv", table(["step", "loss"], np.r_[0:24000:100, 24000:24600:10], Y), {0}, [QUIET])
put("micro.csv", table(["global_step", "loss"], I // 4, falls(300, size=0.05)), {0}, [QUIET])

# What programs print.
BATCHES = [(e, b) for e in range(1, 9) for b in range(50, 501, 50)]
put(
    "not_finite.log",
    "\n".join(
        f"[2026-01-02 10:00:00] epoch {e}/10 | batch {b}/500 | loss: {2.2 - e / 10 if e < 5 else np.nan:.4f}"
        for e, b in BATCHES
    ),
    {1},
    ["error: diverged"],
)
put(
    "summaries.log",
    "\n".join(
        f"epoch {i // 10} iter {i} loss {v:.4f}"
        + (f"\nepoch {i // 10} summary: loss={v + 0.3:.4f} val_loss={v + 0.4:.4f}" if i % 10 == 9 else "")
        for i, v in enumerate(Y.tolist())
    ),
    {0},
    ["train_loss: `loss`, 300", "test_loss: `val_loss`, 30", QUIET],
)
ONCE = "\n".join(f"step {10 * i:4d} | train loss {v:.4f}" for i, v in enumerate(Y.tolist()))
put("twice.log", f"Starting\n{ONCE}\nKilled\nStarting\n{ONCE}\n", {0}, ["2 runs", QUIET])
put(
    "wrapped.log",
    "".join(
        f"{{'loss': {v:.4f}, 'learning_rate':\n 5e-05, 'epoch': {i / 100:.2f}}}\n" for i, v in enumerate(Y.tolist())
    ),
    {0},
    ["train_loss: `loss`, 300", QUIET],
)
put(
    "glued.log",
    "\n".join(
        f"Epoch: [{i // 50}][{i % 50 * 20}/1000] Time=0.30(0.31) Loss={v:.3f}({v + 0.1:.3f}) Prec@1={50 + i / 9:.2f}"
        for i, v in enumerate(Y.tolist())
    ),
    {0},
    ["train_loss: `Loss`, 300", "train_acc: `Prec@1", QUIET],
)
put(
    "ranks.log",
    "\n".join(
        f"[rank{r}]: step={j} loss={Y[j] + r / 100:.4f}"
        for i in range(0, 300, 4)
        for r in (1, 0, 3, 2)
        for j in range(i, i + 4)
    ),
    {0},
    ["4 processes; those of rank 0", "train_loss: `loss`, 300", QUIET],
)
put(
    "bare.log",
    "\n".join(f"Epoch {i + 1}/300: train={v:.4f} val={v + 0.1:.4f} (2.3s)" for i, v in enumerate(Y)),
    {0},
    ["test_loss", QUIET],
)
put(
    "nothing.log",
    "\n".join(f"step {i} ETA 0:10:00 throughput 1234.{i} img/s mem 10.2GB" for i in I),
    {2},
    ["nothing could be"],
)
put(
    "preferences.log",
    "".join(
        f"{ {'loss': round(0.7 * np.exp(-i / 60) + 0.1, 4), 'rewards/chosen': i / 100, 'rewards/margins': 0.03 * i} }\n"
        for i in range(150)
    ),
    {0},
    ["train_loss: `loss`", QUIET],
    ["reward lost"],
)
put(
    "policy.log",
    "".join(
        f"{ {'loss': round(abs(v) / 1000, 4), 'reward': 0.9 - 0.7 * np.exp(-i / 60) + 0.03 * v, 'epoch': i / 100} }\n"
        for i, v in enumerate(R.normal(size=200).tolist())
    ),
    {0},
    ["reward: `reward`", QUIET],
    ["zero"],
)

# Healthy, and of shapes that are easily mistaken.
CYCLES = np.concatenate([0.5 * (1 + np.cos(np.pi * np.arange(p) / p)) for p in (40, 80, 160, 320)])
put("restarts.csv", table(["step", "loss"], np.arange(600), falls(600, 1.2, 1.5) + 0.5 * CYCLES), {0}, [QUIET])
put(
    "tokens.csv", table(["tokens_seen", "perplexity"], 500_000 * I, np.exp(3 + 5.5 * (1 + I / 8) ** -0.8)), {0}, [QUIET]
)
put("short.csv", table(["epoch", "loss", "val_loss"], I[:6], Y[:60:10], Y[:60:10] + 0.1), {0}, [QUIET])
put("one_infinite.csv", table(["step", "loss"], I, np.where(I == 50, np.inf, Y)), {0}, ["1 record not finite", QUIET])
put("a_first_record.csv", table(["iter", "loss"], I, np.where(I == 0, 1e4, Y)), {0}, [QUIET])
put("noise.csv", table(["step", "train_loss"], 100 * I, falls(300, 0.03, 0.1, 30, 0.35)), {0}, [QUIET])
CUTS = (I >= 100) * 1.0 + (I >= 200)
put("cuts.csv", table(["epoch", "loss", "lr"], I, Y * 0.7**CUTS, 0.1 * 0.1**CUTS), {0}, ["lr drop"], ["plateau escape"])
put("cuts_not_told.csv", table(["epoch", "loss"], I, Y * 0.7**CUTS), {0}, [], ["warning", "error", "plateau escape"])
DIP = np.where((I > 120) & (I < 180), 0.15, 1)
put(
    "reward_back.csv", table(["episode", "return"], I, 300 * (1 - np.exp(-I / 40)) * DIP), {0}, [QUIET], ["reward lost"]
)

# Of what something is to be said.
BLEU = [12.1, 20.3, 25.2, 27.9, 29.4, 29.1, 28.2, 27.3, 26.5, 25.9, 25.3, 24.9]
put("score.csv", table(["epoch", "dev_bleu"], I[1:13], BLEU), {0, 1}, ["highest at epoch 5"], ["validation loss"])
put(
    "accuracy.csv",
    table(
        ["epoch", "train_acc", "val_acc"], I[:8], [52, 70, 85, 92, 96, 98, 99, 99.5], [50, 62, 66, 66.5, 65, 63, 62, 61]
    ),
    {0, 1},
    ["test_acc highest at epoch 3"],
    ["lost", "validation loss"],
)
put(
    "error.csv",
    table(["epoch", "val_err (%)"], I[:80], 90 * np.exp(-I[:80] / 10) + 24 + np.maximum(I[:80] - 30, 0) / 3),
    {0, 1},
    ["lowest at epoch 3"],
)
ASK = "| Epoch | Training Loss | Validation Loss |\n|:-:|:-:|:-:|\n"
put(
    "asked.md",
    f"My run:\n\n{ASK}"
    + "".join(
        f"| {i + 1} | {1 / (1 + i):.3f} | {v} |\n"
        for i, v in enumerate([0.9, 0.71, 0.62, 0.66, 0.72, 0.79, 0.87, 0.93])
    )
    + "\nWhy does it overfit?\n",
    {0, 1},
    ["lowest at epoch 3"],
)
put(
    "chance.csv",
    "time,loss,acc\n" + "".join(f"10:{i:02d},{v:.4f},0.1\n" for i, v in enumerate(2.3026 * rough(120, 0.002))),
    {1},
    ["guess"],
)
LATE = np.maximum(I - 150, 0)
put("slowly_lost.csv", table(["step", "loss"], I, Y + 1.6 * (1 - np.exp(-LATE / 50))), {1}, ["error: lost"])
put(
    "made_good.csv",
    table(["step", "loss"], I, Y * (1 + (I >= 150) * 0.6 * np.exp(-LATE / 8))),
    {0, 1},
    ["spike"],
    ["shift", "lost"],
)
DROP = 7 - 2.5 / (1 + np.exp(-(I - 150) / 3)) - 0.8 * (1 - np.exp(-LATE / 60))
put(
    "plateau.csv",
    table(["step", "loss", "lr"], I, DROP * rough(300, 0.004), 0 * Y + 3e-4),
    {0},
    ["plateau escape"],
    ["warning"],
)
put(
    "late.csv",
    table(["step", "train acc", "val acc"], 50 * I, np.minimum(100, I * 25.0), 1 + 98 / (1 + np.exp(-(I - 180) / 8))),
    {0, 1},
    ["delayed generalization"],
    ["overfitting"],
)

"""What tools print while they train, by their own formats, of one run: 60 steps of train loss, every tenth of test.

Beside each format is where it stands in the tool's repository.
"""

import json
import math

TRAIN = {t: 3 * math.exp(-t / 30) + 0.5 for t in range(60)}
TEST = {t: 3 * math.exp(-t / 40) + 0.7 for t in range(0, 60, 10)}
LR, NORM = 6e-4, 1.25


def lines(train, test, steps=range(60)):
    """A line for each step, after that of its evaluation if there is one."""
    made = []
    for t in steps:
        if t in TEST:
            made += [test(t, TEST[t])]
        made += [train(t, TRAIN[t])]
    return "\n".join(made) + "\n"


def llm_c():
    # karpathy/llm.c, llmc/logger.h: the log file
    return lines(
        lambda t, y: f"s:{t} trl:{y:.4f} lr:{LR:.6f} norm:{NORM:.2f}",
        lambda t, y: f"s:{t} tel:{y:.4f}",
    )


def llm_c_console():
    # karpathy/llm.c, train_gpt2.cu: printf0 of what it prints
    return lines(
        lambda t, y: (
            f"step {t + 1:4d}/60 | loss {y:7.6f} ({math.nan:+.2f}z)| norm {NORM:6.4f} ({0.5:+.2f}z)| lr {LR:.2e} | "
            f"{305.1:.2f} ms | {32.6:.1f}% bf16 MFU | {171531:.0f} tok/s"
        ),
        lambda t, y: f"val loss {y:f}",
    )


def build_nanogpt():
    # karpathy/build-nanogpt, train_gpt2.py: log.txt
    return lines(lambda t, y: f"{t} train {y:.6f}", lambda t, y: f"{t} val {y:.4f}\n{t} hella {0.25:.4f}")


def nanogpt():
    # karpathy/nanoGPT, train.py
    return lines(
        lambda t, y: f"iter {t}: loss {y:.4f}, time {120.5:.2f}ms, mfu {31.25:.2f}%",
        lambda t, y: f"step {t}: train loss {TRAIN[t]:.4f}, val loss {y:.4f}",
    )


def modded_nanogpt():
    # KellerJordan/modded-nanogpt, train_gpt.py: its own source first, then the lines of print0
    source = "import os\nimport sys\nwith open(sys.argv[0]) as f:\n    code = f.read()\n\n@dataclass\nclass Args:\n"
    source += (
        "    num_iterations: int = 1390\n    val_loss_every = 125\n    lr = 0.1\n\ndef step(x):\n    return x\n" * 3
    )
    return (
        source
        + "=" * 100
        + "\n"
        + lines(
            lambda t, y: f"step:{t}/60 train_loss:{y:.4f} train_time:{99 * t}ms step_avg:{99.5:.2f}ms",
            lambda t, y: f"step:{t}/60 val_loss:{y:.4f} train_time:{99 * t:.0f}ms step_avg:{99.5:.2f}ms",
        )
    )


def megatron():
    # NVIDIA/Megatron-LM, megatron/training/training.py: training_log and evaluate_and_print_results
    def train(t, y):
        made = f" [2026-01-02 03:04:05] iteration {t:8d}/{60:8d} |"
        made += f" consumed samples: {16 * t:12d} |" + f" elapsed time per iteration (ms): {820.7:.1f} |"
        made += f" learning rate: {LR:.6E} |" + f" global batch size: {16:5d} |" + f" lm loss: {y:.6E} |"
        made += f" loss scale: {1.0:.1f} |" + f" grad norm: {NORM:.3f} |"
        return made + f" number of skipped iterations: {0:3d} | number of nan iterations: {0:3d} |"

    def test(t, y):
        made = f" validation loss at iteration {t} | lm loss value: {y:.6E} | lm loss PPL: {math.exp(y):.6E} | "
        return "-" * (len(made) + 1) + "\n" + made + "\n" + "-" * (len(made) + 1)

    return "training ...\n" + lines(train, test)


def torchtitan():
    # pytorch/torchtitan, torchtitan/components/metrics.py: log, log_validation, in colours, as torchrun prints
    red, green, off = "\x1b[31m", "\x1b[32m", "\x1b[39m"
    prefix = "[rank0]:[titan] 2026-01-02 03:04:05,678 - root - INFO - "
    return lines(
        lambda t, y: (
            f"{prefix}{red}step: {t:2}  {green}loss: {y:8.5f}  {red}grad_norm: {NORM:7.4f}  {green}memory: "
            f"{5.2:5.2f}GiB({10.5:.2f}%)  {red}tps: {12345:,}  {green}tflops: {1234.5:,.2f}  {red}mfu: {12.3:.2f}%{off}"
        ),
        lambda t, y: (
            f"{prefix}{green}validate step: {t:2}  {green}loss: {y:7.4f}  {red}memory: "
            f"{5.2:5.2f}GiB({10.5:.2f}%)  {red}tps: {12345:,}{off}"
        ),
    )


def mmengine():
    # open-mmlab/mmengine, mmengine/runner/log_processor.py: _get_train_log_str; a validation counts its own batches
    head = "2026/01/02 03:04:05 - mmengine - INFO - "
    return lines(
        lambda t, y: (
            f"{head}Epoch(train)  [{t // 10 + 1}][{5 * (t % 10 + 1):>2}/50]  base_lr: {LR:.4e} lr: {LR:.4e}  "
            f"eta: 0:10:00  time: 0.3000  data_time: 0.0100  memory: 3000  grad_norm: {NORM:.4f}  loss: {y:.4f}"
        ),
        lambda t, y: f"{head}Epoch(val) [{t // 10}][5/5]    loss: {y:.4f}  data_time: 0.0100  time: 0.1000",
    )


def mmengine_json():
    # open-mmlab/mmengine, mmengine/visualization/vis_backend.py: scalars.json; `step` of a validation is its epoch
    return "".join(
        line + "\n"
        for t in range(60)
        for line in [
            json.dumps({"lr": LR, "loss": TRAIN[t], "time": 0.3, "epoch": t // 10 + 1, "iter": t + 1, "step": t + 1}),
            *([json.dumps({"loss_val": TEST[t - 9], "time": 0.1, "step": t // 10 + 1})] if t % 10 == 9 else []),
        ]
    )


def nnunet():
    # MIC-DKFZ/nnUNet, nnunetv2/training/nnUNetTrainer/nnUNetTrainer.py: on_epoch_start, on_epoch_end
    now, made = "2026-01-02 03:04:05.678901: ", ["", "#" * 20, "This is the configuration used by this training:"]
    made += ["Configuration name: 2d", " {'batch_size': 12, 'patch_size': [512, 512], 'spacing': [1.0, 1.0]}", ""]
    for t in range(60):
        made += [f"{now}", f"{now}Epoch {t}", f"{now}Current learning rate: {0.01 * (1 - t / 60) ** 0.9:.5f}"]
        made += [f"{now}train_loss {TRAIN[t] - 2:.4f}", f"{now}val_loss {TRAIN[t] - 1.8:.4f}"]
        made += [f"{now}Pseudo dice [np.float32(0.8123), np.float32(0.7)]", f"{now}Epoch time: {100.5:.2f} s"]
    return "\n".join(made) + "\n"


def cyclegan():
    # junyanz/pytorch-CycleGAN-and-pix2pix, util/visualizer.py: print_current_losses
    made = ["================ Training Loss (Fri Jan  2 03:04:05 2026) ================"]
    for t in range(60):
        losses = {"D_A": 0.3, "G_A": 0.4, "cycle_A": TRAIN[t]}
        made += [f"(epoch: {t // 10 + 1}, iters: {100 * (t % 10 + 1)}, time: {0.3:.3f}, data: {0.1:.3f}) "]
        made[-1] += "".join(f"{k}: {v:.3f} " for k, v in losses.items())
    return "\n".join(made) + "\n"


def fairseq():
    # facebookresearch/fairseq, fairseq/logging/progress_bar.py: SimpleProgressBar.log and print
    head = "2026-01-02 03:04:05 | INFO |"
    return lines(
        lambda t, y: (
            f"{head} train_inner | epoch {t // 20 + 1:03d}:   {t % 20 * 100:4d} / 2000 loss={y:.3f}, "
            f"ppl={2**y:.2f}, wps=12345, ups=1.2, num_updates={100 * t}, lr={LR}, gnorm={NORM}, train_wall=80, wall=90"
        ),
        lambda t, y: (
            f"{head} valid | epoch {t // 20 + 1:03d} | valid on 'valid' subset | loss {y:.3f} | ppl {2**y:.2f} "
            f"| wps 12345 | num_updates {100 * t} | best_loss {y:.3f}"
        ),
    )


def boxes():
    # openai/baselines, baselines/logger.py, and DLR-RM/stable-baselines3, common/logger.py: HumanOutputFormat
    made = ["Logging to runs/x"]
    for t in range(60):
        rows = {"rollout/": "", "   ep_rew_mean": f"{20 - TRAIN[t]:<8.3g}", "time/": "", "   total_timesteps": 2048 * t}
        rows |= {"train/": "", "   loss": f"{TRAIN[t]:<8.3g}", "   learning_rate": LR}
        dashes = "-" * 37
        made += [dashes, *(f"| {key}{' ' * (19 - len(key))}| {v!s:<12} |" for key, v in rows.items()), dashes]
    return "\n".join(made) + "\n"


def keras():
    # keras-team/keras, keras/src/utils/progbar.py: a bar for each epoch, of which a file keeps all states
    made = []
    for t in range(60):
        made += [f"Epoch {t + 1}/60"]
        bar = "\x1b[1m 40/100\x1b[0m \x1b[32m━━━━\x1b[0m\x1b[37m━━━━\x1b[0m \x1b[1m0s\x1b[0m 2ms/step - loss: 9.1234\r"
        bar += "\b" * 60 + "\x1b[1m100/100\x1b[0m \x1b[32m━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m0s\x1b[0m 2ms/step"
        made += [f"{bar} - accuracy: {1 - TRAIN[t] / 9:.4f} - loss: {TRAIN[t]:.4f} - val_loss: {TRAIN[t] + 0.2:.4f}"]
    return "\n".join(made) + "\n"


def keras_pasted():
    # the older form of the same, as it stands in a notebook
    made = []
    for t in range(10):
        made += [
            f"Epoch {t + 1}/10",
            f"1875/1875 [==============================] - 3s 2ms/step - loss: {TRAIN[6 * t]:.4f} ",
        ]
        made[-1] += f"- accuracy: 0.9144 - val_loss: {TRAIN[6 * t] + 0.2:.4f} - val_accuracy: 0.9001"
    return "\n".join(made) + "\n"


def huggingface():
    # huggingface/transformers, src/transformers/trainer_callback.py: on_log writes str(logs) beside a bar
    made = []
    for t in range(60):
        made += [f"\r {t:2d}%|█▏        | {10 * (t + 1)}/600 [00:10<36:34,  1.13s/it]{' ' * 20}\r"]
        logs = {"loss": round(TRAIN[t], 4), "grad_norm": NORM, "learning_rate": LR, "epoch": round(t / 300, 2)}
        made += [f"{logs}\n"]
        if t in TEST:
            made += ["\r 50%|█████     | 3/6 [00:01<00:01,  2.0it/s]\r100%|██████████| 6/6 [00:02<00:00,  2.0it/s]\r"]
            made += [f"{ {'eval_loss': TEST[t], 'eval_runtime': 1.5, 'epoch': round(t / 300, 2)} }\n"]
    return "".join(made) + f"{ {'train_runtime': 12.5, 'train_loss': 1.2, 'epoch': 0.2} }\n"


def tqdm():
    # tqdm/tqdm, tqdm/std.py: format_meter with a postfix; a bar for each of three epochs
    made = ""
    for t in range(60):
        k = t % 20 + 1
        made += f"\rEpoch {t // 20}: {5 * k:3d}%|{'█' * (k // 2)}| {k}/20 [00:0{k % 10}<00:03,  4.30it/s"
        made += f", loss={TRAIN[t]:.3f}]"
        made += "\n" if k == 20 else ""
    return made


def markdown():
    made = ["Results of the run:", "", "| epoch | train loss | **val acc** |", "|------:|:----------:|-------------|"]
    return "\n".join([*made, *(f"| {t} | {TRAIN[t]:.3f} | **{t + 30.5}%** |" for t in range(60))]) + "\n"


def pytorch_examples():
    # pytorch/examples, mnist/main.py
    made = []
    for t in range(60):
        made += [f"Train Epoch: {t // 10 + 1} [{6400 * (t % 10)}/60000 ({10 * (t % 10):.0f}%)]\tLoss: {TRAIN[t]:.6f}"]
        if t % 10 == 9:
            made += ["", f"Test set: Average loss: {TEST[t - 9]:.4f}, Accuracy: {9000 + t}/10000 ({90:.0f}%)", ""]
    return "\n".join(made) + "\n"


def imagenet():
    # pytorch/examples, imagenet/main.py: ProgressMeter
    made = []
    for t in range(60):
        made += [
            f"Epoch: [{t // 10}][{100 * (t % 10):4d}/1000]\tTime  0.300 ( 0.400)\tLoss {TRAIN[t]:.4e} ({TRAIN[t]:.4e})"
        ]
        made[-1] += "\tAcc@1  50.00 ( 40.00)"
    return "\n".join(made) + "\n"

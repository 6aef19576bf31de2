"""What the tools of `console_logs` print in other settings and versions, by their own formats, of the same run."""

import json
import math

from console_logs import LR, NORM, TEST, TRAIN, lines


def every_ten(train, test):
    """Lines of each step; after every tenth those of its evaluation, which has the loss of that of `TEST`."""
    made = []
    for t in range(60):
        made += train(t, TRAIN[t])
        made += test(t, TEST[t - 9]) if t % 10 == 9 else []
    return "\n".join(made) + "\n"


def mmengine_iterations():
    # open-mmlab/mmengine, mmengine/runner/log_processor.py: by_epoch=False, as mmsegmentation runs
    head = "2026/01/02 03:04:05 - mmengine - INFO - "
    pace = "time: 0.3000  data_time: 0.0100  "
    rule = "+-------+-------+-------+"
    return every_ten(
        lambda t, y: [
            f"{head}Iter(train) [{50 * (t + 1):5d}/40000]  base_lr: {LR:.4e} lr: {LR:.4e}  eta: 1 day, 0:10:00  {pace}"
            f"memory: 3000  loss: {y:.4f}  decode.loss_ce: {y * 0.7:.4f}  decode.acc_seg: 70.1000"
        ],
        lambda t, y: [
            f"{head}Iter(val) [ 50/100]    eta: 0:00:10  {pace}memory: 2000  ",
            f"{head}per class results:",
            *(rule, "| Class |  IoU  |  Acc  |", rule, "|  road | 97.1  | 98.0  |", "|  wall | 40.21 | 50.11 |", rule),
            f"{head}Iter(val) [100/100]    aAcc: {90 + t / 60:.4f}  mIoU: {40 + t / 2:.4f}  mAcc: 50.0000  {pace}",
        ],
    )


def mmengine_detection():
    # the same by epochs, with the metrics of mmdetection, mmdet/evaluation/metrics/coco_metric.py
    head = "2026/01/02 03:04:05 - mmengine - INFO - "
    return every_ten(
        lambda t, y: [
            f"{head}Epoch(train)  [{t // 10 + 1}][{50 * (t % 10 + 1):>3}/500]  base_lr: {LR:.4e} lr: {LR:.4e}  "
            f"eta: 0:10:00  time: 0.3000  data_time: 0.0100  memory: 3000  loss: {y:.4f}  loss_rpn_cls: {y / 5:.4f}  "
            f"loss_cls: {y / 5:.4f}  acc: 93.1000  loss_bbox: {y / 5:.4f}"
        ],
        lambda t, y: [
            f"{head}Epoch(val)  [{t // 10 + 1}][ 50/625]    eta: 0:01:00  time: 0.05  data_time: 0.01  memory: 2000  ",
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.123",
            f"{head}bbox_mAP_copypaste: 0.123 0.234 0.111 0.022 0.133 0.155",
            f"{head}Epoch(val) [{t // 10 + 1}][625/625]    coco/bbox_mAP: {0.1 + t / 200:.4f}  coco/bbox_mAP_50: 0.23",
        ],
    )


def mmcv():
    # open-mmlab/mmcv 1.x, mmcv/runner/hooks/logger/text.py: _log_info; accuracies of training in per cent, not of val
    head = "2021-01-02 03:04:05,678 - mmseg - INFO - "
    return every_ten(
        lambda t, y: [
            f"{head}Epoch [{t // 10 + 1}][{50 * (t % 10 + 1)}/500]\tlr: {LR:.3e}, eta: 1 day, 2:03:04, time: 0.300, "
            f"data_time: 0.010, memory: 3000, decode.loss_ce: {y:.4f}, decode.acc_seg: 70.1000, loss: {y:.4f}"
        ],
        lambda t, y: [f"{head}Epoch(val) [{t // 10 + 1}][100]\taAcc: 0.9000, mIoU: {0.4 + t / 200:.4f}, mAcc: 0.5000"],
    )


def fairseq_whole():
    # facebookresearch/fairseq, fairseq/logging/progress_bar.py, and fairseq_cli/train.py: means at the end of an epoch
    head = "2026-01-02 03:04:05 | INFO | "
    numbers = f"lr={LR}, gnorm={NORM:.3f}, loss_scale=16, train_wall=80, gb_free=10.1, wall=90"
    return f"{head}fairseq.trainer | begin training epoch 1\n" + every_ten(
        lambda t, y: [
            f"{head}train_inner | epoch {t // 10 + 1:03d}:  {100 * (t % 10 + 1):5d} / 1037 loss={y:.3f}, "
            f"nll_loss={y - 0.2:.3f}, ppl={2**y:.2f}, wps=12345, ups=1.2, num_updates={100 * (t + 1)}, {numbers}"
        ],
        lambda t, y: [
            f'{head}fairseq_cli.train | begin validation on "valid" subset',
            f"{head}valid | epoch {t // 10 + 1:03d} | valid on 'valid' subset | loss {y:.3f} | nll_loss 3 | ppl 8.1 "
            f"| wps 12345 | num_updates {100 * (t + 1) + 37} | best_loss {y:.3f}",
            f"{head}fairseq.checkpoint_utils | Saved x.pt (epoch {t // 10 + 1} @ {100 * (t + 1) + 37} updates"
            f", score {y:.3f}) (writing took 1.7 seconds)",
            f"{head}fairseq_cli.train | end of epoch {t // 10 + 1} (average epoch stats below)",
            f"{head}train | epoch {t // 10 + 1:03d} | loss {y + 1:.3f} | nll_loss 3.2 | ppl 9 | wps 12345 | ups 1.2 "
            f"| num_updates {100 * (t + 1) + 37} | lr {LR} | gnorm {NORM} | train_wall 80 | wall 1234",
            f"{head}fairseq.trainer | begin training epoch {t // 10 + 2}",
        ],
    )


def fairseq_json():
    # the same file: JsonProgressBar; numbers are strings, and the epoch's end has a word before each name
    head = "2026-01-02 03:04:05 | INFO | "
    return every_ten(
        lambda t, y: [
            f"{head}train_inner | "
            + json.dumps({"epoch": 1, "update": (t + 1) / 60, "loss": f"{y:.3f}", "num_updates": str(100 * (t + 1))})
        ],
        lambda t, y: [
            f"{head}{word} | " + json.dumps({"epoch": 1, f"{word}_loss": f"{y:.3f}", f"{word}_best_loss": f"{y:.3f}"})
            for word in ("valid", "train")
        ],
    )


def keras_two():
    # keras-team/keras, keras/src/utils/progbar.py: verbose=2; with a callback's line, keras/src/callbacks/
    made = []
    for t in range(60):
        made += [f"Epoch {t + 1}/60", "", f"Epoch {t + 1}: val_loss improved from 3.00000 to 2.00000, saving model"]
        made += [f"100/100 - 0s - 2ms/step - accuracy: 0.5000 - loss: {TRAIN[t]:.4f} - val_loss: {TRAIN[t] + 0.2:.4f}"]
    return "\n".join(made) + "\n"


def keras_without_test():
    # the same file, verbose=1 into a file: a line for each state of the bar, each a mean over the epoch so far
    bar = "\x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m3s\x1b[0m 30ms/step"
    made = []
    for t in range(60):
        made += [f"Epoch {t + 1}/60"]
        made += [f"\x1b[1m{b:3d}/100\x1b[0m {bar} - loss: {TRAIN[t] + 0.3 - b / 333:.4f}" for b in (1, 34, 67)]
        made += [f"\x1b[1m100/100\x1b[0m {bar} - loss: {TRAIN[t]:.4f}"]
    return "\n".join(made) + "\n"


def baselines():
    # openai/baselines, baselines/logger.py: HumanOutputFormat.writekvs; names with a slash in one box
    made = ["Logging to x"]
    for t in range(60):
        rows = {"eplenmean": 200.0, "eprewmean": 20 - TRAIN[t], "fps": 1234, "loss/approxkl": 0.01}
        rows |= {"loss/policy_entropy": 0.6, "loss/policy_loss": -0.01, "loss/value_loss": TRAIN[t]}
        rows |= {"misc/nupdates": t + 1, "misc/total_timesteps": 2048 * (t + 1)}
        made += ["-" * 40]
        texts = {k: f"{v:<8.3g}" if isinstance(v, float) else str(v) for k, v in rows.items()}
        made += [*(f"| {k:<21}| {v:<14}|" for k, v in texts.items()), "-" * 40]
    return "\n".join(made) + "\n"


def huggingface_five():
    # huggingface/transformers 5, src/transformers/trainer_callback.py: on_log; floats are strings of four digits
    made = ""
    for t in range(60):
        made += f"\r {t:2d}%|█▏        | {10 * (t + 1)}/600 [00:10<36:34,  1.13s/it]{' ' * 20}\r"
        logs = {"loss": TRAIN[t], "grad_norm": NORM, "learning_rate": LR, "epoch": t / 300}
        made += f"{ {name: f'{value:.4g}' for name, value in logs.items()} }\n"
        made += f"{ {'eval_loss': f'{TEST[t]:.4g}', 'eval_runtime': '1.5'} }\n" if t in TEST else ""
    return made + f"{ {'train_runtime': '12.5', 'train_loss': '1.2', 'epoch': '0.2'} }\n"


def tqdm_without_end():
    # tqdm/tqdm, tqdm/std.py: format_meter of an iterable whose length is not known
    return "".join(f"\r{10 * t}it [00:{t:02d},  9.52it/s, loss={TRAIN[t]:.3f}, lr=0.0006]" for t in range(60)) + "\n"


def tqdm_thousands():
    # the same file, format_sizeof: unit_scale=True
    return "".join(
        f"\rtraining: {t * 100 / 60:3.0f}%|{'█' * (t // 6):10}| {t + 1:.2f}k/60.0k [00:{t:02d}<00:03, 4.30kit/s, "
        f"loss={TRAIN[t]:.3f}]"
        for t in range(60)
    )


def llm_c_eval():
    # karpathy/llm.c, llmc/logger.h: logger_log_eval beside the others
    return lines(
        lambda t, y: f"s:{t} trl:{y:.4f} lr:{LR:.6f} norm:{NORM:.2f}",
        lambda t, y: f"s:{t} tel:{y:.4f}\ns:{t} eval:{0.25 + t / 1000:.4f}",
    )


def modded_nanogpt_now():
    # KellerJordan/modded-nanogpt, train_gpt.py: print0; no train loss any more, and what nvidia-smi prints before
    smi = ["Running PyTorch 2.7.0.dev20250125+cu126 compiled for CUDA 12.6", "+------------------------------+"]
    smi += ["| GPU  Name      Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |"]
    smi += ["|   0  NVIDIA H100 80GB HBM3          On  |   00000000:19:00.0 Off |                    0 |"]
    smi += ["| N/A   38C    P0            120W /  700W |    7713MiB /  81559MiB |      0%      Default |"] * 8
    made = [*smi, "+------------------------------+"]
    for t in range(60):
        took = f"train_time:{99 * t}ms step_avg:{99.5 if t else math.nan:.2f}ms"
        made += [f"step:{t}/60 val_loss:{TEST[t]:.4f} {took}"] if t in TEST else []
        made += [f"step:{t + 1}/60 {took}"]
    return "\n".join([*made, "peak memory allocated: 31275 MiB reserved: 46176 MiB"]) + "\n"


def megatron_whole():
    # NVIDIA/Megatron-LM, megatron/training/training.py: optional columns, timers, and both evaluations at the end
    def test(t, y, where=""):
        made = f" validation loss at iteration {100 * t}{where} | lm loss value: {y:.6E} | lm loss PPL: 9.1E+00 | "
        return ["-" * len(made), made, "-" * len(made)]

    timers = ["(min, max) time across ranks (ms):", "    evaluate ..........................: (1234.56, 1234.60)"]
    whole = every_ten(
        lambda t, y: [
            f" [2026-01-02 03:04:05] iteration {100 * (t + 1):8d}/{6000:8d} | consumed samples: {1600 * (t + 1):12d} | "
            f"elapsed time per iteration (ms): 820.7 | throughput per GPU (TFLOP/s/GPU): 410.2 | learning rate: "
            f"{LR:.6E} | global batch size:    16 | lm loss: {y:.6E} | load_balancing_loss: 1.01E+00 | loss scale: 1.0 "
            f"| grad norm: {NORM:.3f} | num zeros: 12.0 | params norm: {500 + t:.3f} | number of nan iterations:   0 |"
        ],
        lambda t, y: [*timers, *test(t + 1, y)],
    )
    return whole + "\n".join([*test(60, TEST[50], " on validation set"), *test(60, TEST[50], " on test set")]) + "\n"


def nnunet_one():
    # MIC-DKFZ/nnUNet 1.x, nnunet/training/network_training/network_trainer.py: print_to_log_file
    now, made = "2021-01-02 03:04:05.678901: ", ["Starting... "]
    for t in range(60):
        made += ["", f"{now}epoch:  {t}", f"{now}train loss : {TRAIN[t]:.4f}", f"{now}validation loss: {TRAIN[t]:.4f}"]
        made += [f"{now}Average global foreground Dice: [0.8123, 0.7]", f"{now}lr: {0.01 * (1 - t / 60) ** 0.9:.6f}"]
        made += [f"{now}done, saving took 1.23 seconds", f"{now}This epoch took 100.512345 s"]
    return "\n".join(made) + "\n"


def cyclegan_whole():
    # junyanz/pytorch-CycleGAN-and-pix2pix, train.py and options/base_options.py around the lines of the losses
    made = ["----------------- Options ---------------", "               batch_size: 1           ", "  lr: 0.0002  "]
    made += ["The number of training images = 1000", "[Network G_A] Total number of parameters : 11.378 M"]
    for t in range(60):
        losses = {"D_A": 0.3, "G_A": 0.4, "cycle_A": TRAIN[t], "D_B": 0.2, "G_B": 0.3, "cycle_B": TRAIN[t]}
        made += [f"(epoch: {t // 10 + 1}, iters: {100 * (t % 10 + 1)}, time: {0.3:.3f}, data: {0.1:.3f}) "]
        made[-1] += "".join(f"{k}: {v:.3f} " for k, v in losses.items())
        if t % 10 == 9:
            made += [f"saving the latest model (epoch {t // 10 + 1}, total_iters {1000 * (t // 10 + 1)})"]
            made += [f"End of epoch {t // 10 + 1} / 200 \t Time Taken: 321 sec", "learning rate 0.0002000 -> 0.0002000"]
    return "\n".join(made) + "\n"

#!/usr/bin/env python3
"""The published experiments: a rehearsal of them at their real size, and their figures beside those of a run.

--rehearse gta5 synthia   draws a few images of the real sizes, runs warm-up and three stages as published, but for two
                          iterations each, evaluates, writes predictions, and says what the whole would take; where
                          memory asks for it, with micro-batches
--expect gta5 RUN         a finished run's categories beside the published ones; fails where mIoU is further below than
                          --tolerance points
"""
import argparse
import csv
import math
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

SETS = {
    "gta5": {"program": "gta5_to_cityscapes", "layout": "gta5", "size": (1914, 1052), "column": "miou", "miou": 50.2},
    "synthia": {"program": "synthia_to_cityscapes", "layout": "synthia", "size": (1280, 760),
                "column": "miou_13_known_truth", "miou": 52.6},
}
# Zhang et al., NeurIPS 2019, tables 1 and 2: the validation split, by Cityscapes' order of categories.
PUBLISHED = {
    "gta5": {"road": 90.4, "sidewalk": 51.6, "building": 83.8, "wall": 34.2, "fence": 27.8, "pole": 38.4,
             "traffic light": 25.3, "traffic sign": 48.4, "vegetation": 85.4, "terrain": 38.2, "sky": 78.1,
             "person": 58.6, "rider": 34.6, "car": 84.7, "truck": 21.9, "bus": 42.7, "train": 41.1,
             "motorcycle": 29.3, "bicycle": 37.2},
    "synthia": {"road": 84.8, "sidewalk": 41.7, "building": 85.5, "traffic light": 13.7, "traffic sign": 23.0,
                "vegetation": 86.5, "sky": 78.1, "person": 66.3, "rider": 28.1, "car": 81.8, "bus": 21.8,
                "motorcycle": 22.9, "bicycle": 49.0},
}
ITERATIONS = 90000  # of a stage, and of the warm-up
BATCH = 4  # of each domain
IMAGES = 4


def step_operations(width, height, batch):
    """Multiplications of one step of DeepLabV3+ over ResNet-101 at output stride 16: student forward and backward on
    both domains (three times a forward pass), teacher forward on the target."""
    def convolutions():
        h, w = height // 2, width // 2
        yield h * w * 49 * 3 * 64
        h, w = h // 2, w // 2
        low, planes = (h, w), 64
        for blocks, width_of, stride in ((3, 64, 1), (4, 128, 2), (23, 256, 2), (3, 512, 1)):
            for block in range(blocks):
                yield h * w * planes * width_of
                if block == 0:
                    h, w = h // stride, w // stride
                    yield h * w * planes * 4 * width_of
                yield h * w * 9 * width_of ** 2
                yield h * w * 4 * width_of ** 2
                planes = 4 * width_of
        yield h * w * (planes + 3 * 9 * planes) * 256
        yield h * w * 5 * 256 * 256
        h, w = low
        yield h * w * (256 * 48 + 9 * 304 * 256 + 9 * 256 * 256 + 256 * 19)

    return sum(convolutions()) * batch * (2 * 3 + 1)


def run(command):
    print("$ " + " ".join(str(part) for part in command), flush=True)
    start = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    output = []
    for line in process.stdout:
        print(line, end="", flush=True)
        output.append(line)
    if process.wait() != 0:
        sys.exit(f"{command[0]}: exit {process.returncode}")
    return "".join(output), time.monotonic() - start


def rehearse(name, options):
    chosen = SETS[name]
    binaries = options.build / "examples"
    program = binaries / chosen["program"] / chosen["program"]
    data, out = options.out / name / "data", options.out / name / "run"
    source, target = data / "source", data / "cityscapes"
    streets = [binaries / "streets/streets", "--samples", 1]
    run([*streets, "--style", "simulator", "--layout", chosen["layout"], "--images", 2 * IMAGES,
         "--width", chosen["size"][0], "--height", chosen["size"][1], "--out", source])
    run([*streets, "--style", "overcast", "--layout", "cityscapes", "--images", IMAGES, "--validation", 2,
         "--width", 2048, "--height", 1024, "--out", target])
    settings = {"warm_up.iterations": options.steps, "stages.iterations": options.steps,
                "stages.profile": "published_code", "data.holdout_every": 4, "run.batch": BATCH,
                "run.micro_batches": options.micro_batches, "run.evaluation_batch": 2,
                "data.workers": options.workers}
    command = [program, "adapt", "--source", source, "--target", target, "--out", out, "--device", options.device]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    shutil.rmtree(out, ignore_errors=True)  # of an earlier rehearsal
    output, seconds = run(command)
    run([program, "predict", "--network", out / "networks/stage-3", "--images", target / "leftImg8bit/val",
         "--out", options.out / name / "predictions", "--device", options.device])
    report(name, options, output, seconds, out)


def report(name, options, output, seconds, out):
    with open(out / "results.csv", newline="") as file:
        peak = max(float(row["peak_mib"]) for row in csv.DictReader(file))
    end = f"{options.steps}/{options.steps}"
    rates = [float(rate) for rate in re.findall(rf"stage [1-3] \S+ +{end} .* ([0-9.]+) images/s", output)]
    step = 2 * BATCH / (sum(rates) / len(rates))
    operations = step_operations(896, 512, BATCH)
    speed = 2 * operations / step / 1e9
    gpu = 2 * operations / (options.gpu_tflops * 1e12 * options.utilisation)
    hours = (3 + 3 / 7) * ITERATIONS / 3600  # the warm-up runs the student on the source alone
    print(f"""
{name}: batch {BATCH} + {BATCH}, crops of 896 x 512, ResNet-101, {seconds / 60:.1f} min in all, {peak / 1024:.1f} GiB at most
a step of a stage: {step:.3g} s, {2 * operations / 1e12:.2f} TFLOP of convolutions, {speed:.0f} GFLOP/s here
warm-up and three stages of {ITERATIONS} steps: {step * hours:.0f} h at this speed, {gpu * hours:.0f} h on a GPU of
{options.gpu_tflops} TFLOP/s used to {100 * options.utilisation:.0f} % (an assumption: --gpu-tflops, --utilisation)
predictions: {options.out / name / "predictions/ids"}, named as the Cityscapes server wants them""")
    if options.micro_batches > 1:
        print(f"batch norm saw {BATCH // options.micro_batches} images at a time, not the published {BATCH}")


def expect(name, options):
    with open(options.run / "results.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["domain"] == "target"]
    if not rows:
        sys.exit(f"{options.run}/results.csv: no evaluation of the target with the network's own statistics")
    row = max(rows, key=lambda row: (int(row["stage"]), int(row["step"])))
    if int(row["stage"]) < 3:
        sys.exit(f"{options.run}/results.csv: expected a run of three stages, found {row['stage']}")
    chosen = SETS[name]
    print(f"stage {row['stage']}, mIoU as {chosen['column']}\n{'':<16}{'here':>8}{'paper':>8}{'':>8}")

    def line(title, here, paper):
        difference = "-" if math.isnan(here) else f"{here - paper:+.1f}"
        print(f"{title:<16}{here:>8.1f}{paper:>8.1f}{difference:>8}")

    for category, paper in PUBLISHED[name].items():
        key = "iou_" + category.replace(" ", "_")
        if key not in row:
            sys.exit(f"{options.run}/results.csv: no category {category}")
        line(category, 100 * float(row[key]), paper)
    miou = 100 * float(row[chosen["column"]])
    line("mIoU", miou, chosen["miou"])
    return 0 if miou >= chosen["miou"] - options.tolerance else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rehearse", nargs="+", choices=list(SETS))
    parser.add_argument("--expect", choices=list(SETS))
    parser.add_argument("run", nargs="?", type=Path, help="of --expect: a finished run")
    parser.add_argument("--build", type=Path, default=Path("build/evidence"), help="with the programs")
    parser.add_argument("--out", type=Path, default=Path("runs/reproduce"))
    parser.add_argument("--micro-batches", type=int, default=1, choices=[1, 2],
                        help="pieces that a step takes its batches in; 2 where memory asks for it")
    parser.add_argument("--steps", type=int, default=2, help="of the warm-up and of each stage")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=2, help="threads that read images, for each domain")
    parser.add_argument("--tolerance", type=float, default=1.0)
    parser.add_argument("--gpu-tflops", type=float, default=15.7, help="15.7: a V100 in float32")
    parser.add_argument("--utilisation", type=float, default=0.4)
    options = parser.parse_args()
    if options.expect:
        if options.run is None:
            parser.error("--expect: expected a finished run")
        return expect(options.expect, options)
    if not options.rehearse:
        parser.error("expected --rehearse or --expect")
    for name in options.rehearse:
        rehearse(name, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Adapts torchvision's deeplabv3_resnet50, scripted from Python, in the example custom_backbone on drawn streets.

usage: scripted.py --program PROGRAM --streets STREETS --out FOLDER [--seeds N...] [--iterations N] [--network FILE]
                   [--threads N]

FILE is another TorchScript network of 7 categories, in torchvision's place.

Weights are random, so the warm-up is longer than the example's. How many threads share LibTorch's sums changes their
last bits, and after so many steps the result. Prints a row for each seed (of the network's weights; the
data and their order are the same). Exits 1 where a stage has no active pixels or the last is more than a point worse
than the network that saw the source alone, both with the target's batch-norm statistics; 77 where Python (the
interpreter that runs this, or the one that CAG_PYTHON names) has no torchvision.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--program", type=pathlib.Path, required=True)
parser.add_argument("--streets", type=pathlib.Path, required=True)
parser.add_argument("--out", type=pathlib.Path, required=True)
parser.add_argument("--seeds", type=int, nargs="+", default=[0])
parser.add_argument("--iterations", type=int, default=1200)
parser.add_argument("--network", type=pathlib.Path)
parser.add_argument("--threads", type=int, default=1)
arguments = parser.parse_args()

python = os.environ.get("CAG_PYTHON", sys.executable)
if not arguments.network and subprocess.run([python, "-c", "import torchvision"], capture_output=True).returncode != 0:
    print(f"skipped: {python} has no torchvision; CAG_PYTHON names another interpreter")
    sys.exit(77)


def run(*command, **environment):
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                           env=os.environ | environment)
    if ended.returncode != 0:
        sys.exit(f"{command[0]}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return ended.stdout


out = arguments.out.resolve()
out.mkdir(parents=True, exist_ok=True)
size = ["--width", 128, "--height", 64, "--samples", 1]
for style, layout, counts in [("simulator", "gta5", ["--images", 48]),
                              ("evening", "cityscapes", ["--images", 24, "--validation", 12])]:
    if not (out / layout).exists():
        run(arguments.streets, "--style", style, "--layout", layout, *counts, *size, "--out", out / layout)

print("| seed | source only | stage 1 | stage 2 | active, stage 1 | active, stage 2 |\n|---|---|---|---|---|---|")
failed = False
for seed in arguments.seeds:
    network = arguments.network or out / f"network-{seed}.pt"
    if not arguments.network:
        run(python, "-W", "ignore", pathlib.Path(__file__).with_name("network.py"), network, seed)
    output = run(arguments.program.resolve(), out / "gta5", out / "cityscapes", out / f"adapted-{seed}.safetensors",
                 arguments.iterations, NETWORK=str(network.resolve()), OMP_NUM_THREADS=str(arguments.threads))
    miou = [float(value) for value in re.findall(r"mIoU ([0-9.]+) %", output)]
    active = [float(value) for value in re.findall(r"([0-9.]+) % of the target's pixels active", output)]
    if len(miou) != 3 or len(active) != 2:
        sys.exit(f"expected three stages, two of them with pseudo-labels:\n{output}")
    print("|", " | ".join(map(str, [seed, *miou, *(f"{share} %" for share in active)])), "|", flush=True)
    failed = failed or min(active) <= 0 or miou[-1] < miou[0] - 1
sys.exit(failed)

"""Adapts networks in the example custom_backbone on drawn streets: adapts.py PROGRAM=ITERATIONS... STREETS

Every stage has to have active pixels, and the last has to be no worse than the network that saw the source alone,
both with the target's batch-norm statistics.
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def run(*command):
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    print(ended.stdout, ended.stderr, sep="", flush=True)
    if ended.returncode != 0:
        sys.exit(f"{command[0]}: exit {ended.returncode}")
    return ended.stdout


def check(name, output):
    miou = [float(value) for value in re.findall(r"mIoU ([0-9.]+) %", output)]
    active = [float(value) for value in re.findall(r"([0-9.]+) % of the target's pixels active", output)]
    if len(miou) != 3 or len(active) != 2:
        sys.exit(f"{name}: expected three stages, two of them with pseudo-labels")
    if min(active) <= 0:
        sys.exit(f"{name}: a stage without active pixels")
    if miou[-1] < miou[0] - 1:  # processors round differently, and with that train other networks
        sys.exit(f"{name}: worse than without adaptation: {miou[-1]} after {miou[0]}")


*programs, streets = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    size = ["--width", 128, "--height", 64, "--samples", 1]
    run(streets, "--style", "simulator", "--layout", "gta5", "--images", 48, *size, "--out", root / "source")
    run(streets, "--style", "evening", "--layout", "cityscapes", "--images", 24, "--validation", 12, *size,
        "--out", root / "target")
    for program in programs:
        path, iterations = program.split("=")
        weights = root / "weights.safetensors"
        weights.unlink(missing_ok=True)
        check(path, run(pathlib.Path(path).resolve(), root / "source", root / "target", weights, iterations))
        if not weights.exists():
            sys.exit(f"{path}: no weights were written")

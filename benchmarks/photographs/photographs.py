#!/usr/bin/env python3
"""The table of docs/results.md: every method on the day-to-dusk photographs, several seeds.

run:   trains what has not finished yet, `--jobs` runs at a time; a run that was cut goes on.
table: prints the table, in Markdown, of the runs that have finished.
"""
import argparse
import csv
import math
import os
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Each starts from the same warm-up network of its seed.
METHODS = {
    "cag": [],
    "published_code": ["stages.profile=published_code"],
    "probability": ["stages.labels=probability", "stages.probability=0.9", "stages.anchor_weight=0"],
    "control": ["stages.method=control"],
    "one_long_stage": ["stages.count=1", "stages.iterations=720"],
    "oracle": ["stages.method=oracle", "stages.count=1", "stages.iterations=720"],
    "margin_only": ["stages.labels=margin"],
}
TITLES = {
    "cag": "re-estimated teacher (`cag`)",
    "published_code": "`published_code`",
    "probability": "probability 0.9, re-estimated teacher, no anchor loss",
    "control": "control: the same stages without pseudo-labels",
    "one_long_stage": "`cag`, one stage of 720 iterations",
    "oracle": "oracle: target labels as a second source, 720 iterations",
    "margin_only": "`cag` with margin labels alone",
}
LAST_STAGE = {name: 1 if name in ("one_long_stage", "oracle") else 3 for name in METHODS}


def rows(run):
    try:
        with open(run / "results.csv", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def finished(run, stage):
    return any(int(row["stage"]) == stage for row in rows(run)) and \
        (run / "networks" / f"stage-{stage}" / "manifest.json").exists()


def last(run, stage, domain):
    """The last evaluation of a stage in a domain, or None."""
    found = [row for row in rows(run) if int(row["stage"]) == stage and row["domain"] == domain]
    return max(found, key=lambda row: int(row["step"])) if found else None


def adapt(options, run, arguments):
    command = [options.program, "adapt"]
    if (run / "config.toml").exists():
        command += ["--resume", str(run)]
    else:
        command += ["--config", options.config, "--source", str(options.data / "gta5"),
                    "--target", str(options.data / "cityscapes"),
                    "--threads", str(options.threads), "--out", str(run), *arguments]
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads), OMP_WAIT_POLICY="PASSIVE")
    with open(run.with_suffix(".log"), "a") as log:
        code = subprocess.run(command, stdout=log, stderr=log, env=environment).returncode
    print(f"{run.name}: exit {code}", flush=True)
    return code


def run_seed(options, seed):
    warm_up = options.out / f"warm_up-{seed}"
    if not finished(warm_up, 0):
        if adapt(options, warm_up, ["--seed", str(seed), "--set", "stages.count=0"]) != 0:
            return False
    return True


def run_method(options, name, seed):
    run = options.out / f"{name}-{seed}"
    if finished(run, LAST_STAGE[name]):
        return True
    arguments = ["--seed", str(seed), "--from", str(options.out / f"warm_up-{seed}/networks/stage-0")]
    for assignment in METHODS[name]:
        arguments += ["--set", assignment]
    return adapt(options, run, arguments) == 0


def run(options):
    options.out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        good = all(list(pool.map(lambda seed: run_seed(options, seed), options.seeds)))
        tasks = [(name, seed) for name in options.methods for seed in options.seeds]
        good &= all(list(pool.map(lambda task: run_method(options, *task), tasks)))
    return 0 if good else 1


def figures(values):
    """Seeds, then mean and sample standard deviation, in percent."""
    known = [100 * value for value in values if value is not None and not math.isnan(value)]
    seeds = " / ".join("–" if v is None or math.isnan(v) else f"{100 * v:.1f}" for v in values)
    if len(known) < 2:
        return f"{seeds} | – "
    return f"{seeds} | {statistics.mean(known):.1f} ± {statistics.stdev(known):.1f}"


def line(title, options, name, stage):
    cells = []
    for domain in ("target", "target+bn"):
        found = [last(options.out / f"{name}-{seed}", stage, domain) for seed in options.seeds]
        if not any(found):
            return None
        cells.append(figures([float(row["miou"]) if row else None for row in found]))
    # The labels and distances of the network as the method's teacher is: own statistics or re-estimated.
    teacher = "target" if name == "published_code" else "target+bn"
    labels = [last(options.out / f"{name}-{seed}", stage, teacher) for seed in options.seeds]
    for column in ("label_coverage", "label_precision"):
        known = [100 * float(row[column]) for row in labels if row and row[column] != "nan"]
        cells.append(f"{statistics.mean(known):.1f}" if known else "–")
    for column in ("intra_distance", "inter_distance"):
        known = [float(row[column]) for row in labels if row and row[column] != "nan"]
        cells.append(f"{statistics.mean(known):.2f}" if known else "–")
    return f"| {title} | {' | '.join(cells)} |"


def table(options):
    seeds = " / ".join(str(seed) for seed in options.seeds)
    print(f"| method | own statistics, seeds {seeds} | mean | re-estimated, seeds {seeds} | mean "
          "| coverage | precision | intra | inter |")
    print("|---|---|---|---|---|---|---|---|---|")
    print(line("source only", options, "warm_up", 0))
    for name in options.methods:
        for stage in range(1, LAST_STAGE[name] + 1):
            suffix = f", stage {stage}" if LAST_STAGE[name] > 1 else ""
            text = line(TITLES[name] + suffix, options, name, stage)
            if text:
                print(text)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--program", default="build/evidence/examples/gta5_to_cityscapes/gta5_to_cityscapes")
    parser.add_argument("--config", default="configs/photographs.toml")
    parser.add_argument("--data", type=Path, default=Path("../shared/day_to_dusk"),
                        help="holds gta5/ and cityscapes/")
    parser.add_argument("--out", type=Path, default=Path("runs/photographs"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"skipped: {options.data} is not there; `gta5_to_cityscapes convert-camvid` makes it")
        return 77
    return run(options) if options.action == "run" else table(options)


if __name__ == "__main__":
    sys.exit(main())

"""Runs of gta5_to_cityscapes on the same data, and their rows of a table. The scripts in the folders use it."""
import argparse
import csv
import math
import os
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Method:
    """What the stages after the warm-up do."""
    title: str
    settings: list
    stages: int = 3
    teacher: str = "target+bn"  # the domain of results.csv whose labels are those of its teacher
    start: str = "warm_up"  # of WARM_UPS


def methods(iterations):
    """All that are compared, for stages of so many iterations."""
    return {
        "cag": Method("re-estimated teacher (`cag`)", []),
        "published_code": Method("`published_code`", ["stages.profile=published_code"], teacher="target"),
        "probability": Method(
            "probability 0.9, re-estimated teacher, no anchor loss",
            ["stages.labels=probability", "stages.probability=0.9", "stages.anchor_weight=0"]),
        "control": Method("control: the same stages without pseudo-labels", ["stages.method=control"]),
        "one_long_stage": Method(
            f"`cag`, one stage of {3 * iterations} iterations",
            ["stages.count=1", f"stages.iterations={3 * iterations}"], stages=1),
        "oracle": Method(
            f"oracle: target labels as a second source, {3 * iterations} iterations",
            ["stages.method=oracle", "stages.count=1", f"stages.iterations={3 * iterations}"], stages=1),
        "margin_only": Method("`cag` with margin labels alone", ["stages.labels=margin"]),
        "after_adversarial": Method("adversarial warm-up, then `cag`", [], start="adversarial"),
    }


WARM_UPS = {
    "warm_up": Method("source only", ["stages.count=0"], stages=0),
    "adversarial": Method("adversarial warm-up alone", ["stages.count=0", "warm_up.method=adversarial"], stages=0),
}


@dataclass
class World:
    """Two domains, and the folder of the runs on them."""
    source: Path
    target: Path
    runs: Path

    def run(self, name, seed):
        return self.runs / f"{name}-{seed}"


def rows(run):
    try:
        with open(run / "results.csv", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def last(run, stage, domain):
    """The evaluation at the end of a stage in a domain, or None where the stage has not ended."""
    if not finished(run, stage):
        return None
    found = [row for row in rows(run) if int(row["stage"]) == stage and row["domain"] == domain]
    return max(found, key=lambda row: int(row["step"])) if found else None


def finished(run, stage):
    return any(int(row["stage"]) == stage for row in rows(run)) and \
        (run / "networks" / f"stage-{stage}" / "manifest.json").exists()


def adapt(options, world, name, method, seed, start=None):
    """Begins the run or goes on with it where it was cut. Returns whether it is finished."""
    run = world.run(name, seed)
    if finished(run, method.stages):
        return True
    run.parent.mkdir(parents=True, exist_ok=True)
    command = [options.program, "adapt"]
    if (run / "config.toml").exists():
        command += ["--resume", str(run)]
    else:
        command += ["--config", options.config, "--source", str(world.source), "--target", str(world.target),
                    "--threads", str(options.threads), "--seed", str(seed), "--out", str(run)]
        for setting in [*options.settings, *method.settings]:
            command += ["--set", setting]
        if start:
            command += ["--from", str(start / "networks/stage-0")]
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads), OMP_WAIT_POLICY="PASSIVE")
    with open(run.with_suffix(".log"), "a") as log:
        code = subprocess.run(command, stdout=log, stderr=log, env=environment).returncode
    print(f"{run}: exit {code}", flush=True)
    return code == 0


def all_of(options, tasks):
    """Calls each task, `options.jobs` at a time. Returns whether all of them returned True."""
    with ThreadPoolExecutor(options.jobs) as pool:
        return all(list(pool.map(lambda task: task(), tasks)))


def starts(methods):
    """The warm-ups that methods start from, source only in any case."""
    return list(dict.fromkeys(["warm_up", *(method.start for method in methods.values())]))


def train(options, world, methods, seeds):
    """Warm-ups, then every method from the warm-up network of its seed. Returns whether all are finished."""
    def warm_up(name, seed):
        return adapt(options, world, name, WARM_UPS[name], seed)

    def stages(name, seed):
        return adapt(options, world, name, methods[name], seed, world.run(methods[name].start, seed))

    return all_of(options, [lambda n=n, s=s: warm_up(n, s) for n in starts(methods) for s in seeds]) and \
        all_of(options, [lambda n=n, s=s: stages(n, s) for n in methods for s in seeds])


def figures(values):
    """Seeds, then mean and sample standard deviation, in percent."""
    known = [100 * value for value in values if value is not None and not math.isnan(value)]
    seeds = " / ".join("–" if v is None or math.isnan(v) else f"{100 * v:.1f}" for v in values)
    if len(known) < 2:
        return f"{seeds} | – "
    return f"{seeds} | {statistics.mean(known):.1f} ± {statistics.stdev(known):.1f}"


def line(title, world, name, method, stage, seeds):
    """A row of the table, or None where nothing has been evaluated."""
    cells = []
    for domain in ("target", "target+bn"):
        found = [last(world.run(name, seed), stage, domain) for seed in seeds]
        if not any(found):
            return None
        cells.append(figures([float(row["miou"]) if row else None for row in found]))
    labels = [last(world.run(name, seed), stage, method.teacher) for seed in seeds]
    for column, scale, digits in (("label_coverage", 100, 1), ("label_precision", 100, 1),
                                  ("intra_distance", 1, 2), ("inter_distance", 1, 2)):
        known = [scale * float(row[column]) for row in labels if row and row[column] != "nan"]
        cells.append(f"{statistics.mean(known):.{digits}f}" if known else "–")
    return f"| {title} | {' | '.join(cells)} |"


def print_header(seeds):
    listed = " / ".join(str(seed) for seed in seeds)
    print(f"| method | own statistics, seeds {listed} | mean | re-estimated, seeds {listed} | mean "
          "| coverage | precision | intra | inter |")
    print("|---|---|---|---|---|---|---|---|---|")


def print_warm_ups(world, methods, seeds):
    for name in starts(methods):
        print_lines(world, name, WARM_UPS[name], seeds)


def print_lines(world, name, method, seeds, title=None):
    """The rows of a method, one for each of its stages."""
    for stage in range(min(method.stages, 1), method.stages + 1):
        suffix = f", stage {stage}" if method.stages > 1 else ""
        text = line((title or method.title) + suffix, world, name, method, stage, seeds)
        if text:
            print(text)


def parser(description, config, out, settings=()):
    """@param settings  of every run, over the configuration file"""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--program", default="build/evidence/examples/gta5_to_cityscapes/gta5_to_cityscapes")
    parser.add_argument("--config", default=config)
    parser.add_argument("--out", type=Path, default=Path(out))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.set_defaults(settings=settings)
    return parser

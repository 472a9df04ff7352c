#!/usr/bin/env python3
"""Tables on rendered streets: how much there is to adapt, and how much `cag` does.

run:   draws the worlds and trains what has not finished yet; what was cut goes on.
table: prints the tables, in Markdown, of the runs that have finished.

The worlds: one in which every method is trained with several seeds; the same with source colours matched
to the target's; the same source with another style of target; and other seeds of the renderer.
"""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import experiment
from experiment import World

IMAGES, UNLABELLED, VALIDATION = 360, 180, 90
METHODS = {name: method for name, method in experiment.methods(220).items()
           if name in ("cag", "control", "oracle", "probability")}
SCENES = [1, 2, 3]


class Worlds:
    def __init__(self, out):
        self.data = out / "data"
        self.main = World(self.source(1), self.target("overcast", 1), out / "overcast-1")
        self.matched = World(self.data / "matched", self.main.target, out / "matched-1")
        self.evening = World(self.main.source, self.target("evening", 1), out / "evening-1")
        self.others = [World(self.source(s), self.target("overcast", s), out / f"overcast-{s}") for s in SCENES[1:]]

    def source(self, scenes):
        return self.data / f"simulator-{scenes}"

    def target(self, style, scenes):
        return self.data / f"{style}-{scenes}"

    def draw(self, options):
        def streets(style, layout, images, scenes, folder, *more):
            command = [options.streets, "--style", style, "--layout", layout, "--images", str(images),
                       "--seed", str(scenes), "--out", str(folder), *more]
            return subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0

        def target(style, scenes):
            return streets(style, "cityscapes", UNLABELLED, scenes, self.target(style, scenes),
                           "--validation", str(VALIDATION))

        drawn = target("evening", 1)
        for scenes in SCENES:
            drawn &= streets("simulator", "gta5", IMAGES, scenes, self.source(scenes)) and target("overcast", scenes)
        if drawn and not self.matched.source.exists():  # it appears when it is whole
            command = [options.match_colours, "--source", str(self.main.source), "--target", str(self.main.target),
                       "--out", str(self.matched.source)]
            drawn = subprocess.run(command).returncode == 0
        return drawn


def run(options, worlds):
    def warm_up(world, seed):
        return lambda: experiment.adapt(options, world, "warm_up", experiment.WARM_UP, seed)

    def stages(world, name, seed, warm=None):
        return lambda: experiment.adapt(options, world, name, METHODS[name], seed, (warm or world).run("warm_up", seed))

    first = options.seeds[0]
    return worlds.draw(options) and experiment.all_of(
        options, [warm_up(world, seed) for world in (worlds.main, worlds.matched) for seed in options.seeds] +
        [warm_up(world, first) for world in worlds.others]) and experiment.all_of(
        options, [stages(worlds.main, name, seed) for name in METHODS for seed in options.seeds] +
        [stages(worlds.evening, name, seed, worlds.main) for name in ("cag", "control") for seed in options.seeds] +
        [stages(world, "cag", first) for world in worlds.others])


def table(options, worlds):
    seeds, first = options.seeds, options.seeds[:1]
    experiment.print_header(seeds)
    experiment.print_lines(worlds.main, "warm_up", experiment.WARM_UP, seeds)
    experiment.print_lines(worlds.matched, "warm_up", experiment.WARM_UP, seeds,
                           "source only, its colours matched to the target's")
    for name, method in METHODS.items():
        experiment.print_lines(worlds.main, name, method, seeds)
    for name in ("control", "cag"):
        experiment.print_lines(worlds.evening, name, METHODS[name], seeds, f"target style `evening`: {METHODS[name].title}")
    print("\nOther scenes:\n")
    experiment.print_header(first)
    for scenes, world in zip(SCENES[1:], worlds.others):
        for name, method in (("warm_up", experiment.WARM_UP), ("cag", METHODS["cag"])):
            experiment.print_lines(world, name, method, first, f"scenes {scenes}: {method.title}")


def main():
    parser = experiment.parser(__doc__, "configs/demo.toml", "runs/streets")
    parser.add_argument("--streets", default="build/evidence/examples/streets/streets")
    parser.add_argument("--match-colours", default="build/evidence/benchmarks/streets/match_colours")
    options = parser.parse_args()
    worlds = Worlds(options.out)
    if options.action == "table":
        return table(options, worlds)
    return 0 if run(options, worlds) else 1


if __name__ == "__main__":
    sys.exit(main())

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

IMAGES, UNLABELLED, VALIDATION = 400, 300, 100
ITERATIONS = 800
METHODS = {name: method for name, method in experiment.methods(ITERATIONS).items() if name in ("cag", "control", "oracle")}
COMPARED = {name: METHODS[name] for name in ("control", "cag")}
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

    def draw(self, options, world):
        """Draws what a world lacks. Returns whether it is there."""
        def streets(folder, *more):
            style, scenes = folder.name.rsplit("-", 1)
            command = [options.streets, "--style", style, "--seed", scenes, "--out", str(folder), *more]
            return subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0

        if world is self.matched:
            command = [options.match_colours, "--source", str(self.main.source), "--target", str(self.main.target),
                       "--out", str(world.source)]
            # The folder appears when it is whole.
            return world.source.exists() or subprocess.run(command).returncode == 0
        return streets(world.source, "--layout", "gta5", "--images", str(IMAGES)) and \
            streets(world.target, "--layout", "cityscapes", "--images", str(UNLABELLED), "--validation", str(VALIDATION))


def run(options, worlds):
    seeds, first = options.seeds, options.seeds[:1]
    wanted = [(worlds.main, METHODS, seeds), (worlds.matched, {}, seeds), (worlds.evening, COMPARED, seeds)] + \
        [(world, COMPARED, first) for world in worlds.others]
    return all(worlds.draw(options, world) and experiment.train(options, world, methods, of)
               for world, methods, of in wanted)


def table(options, worlds):
    seeds, first = options.seeds, options.seeds[:1]
    experiment.print_header(seeds)
    source_only = experiment.WARM_UPS["warm_up"]
    experiment.print_lines(worlds.main, "warm_up", source_only, seeds)
    experiment.print_lines(worlds.matched, "warm_up", source_only, seeds,
                           "source only, its colours matched to the target's")
    for name, method in METHODS.items():
        experiment.print_lines(worlds.main, name, method, seeds)
    compared = {"warm_up": source_only, **COMPARED}
    for name, method in compared.items():
        experiment.print_lines(worlds.evening, name, method, seeds, f"target style `evening`: {method.title}")
    print("\nOther scenes:\n")
    experiment.print_header(first)
    for scenes, world in zip(SCENES[1:], worlds.others):
        for name, method in compared.items():
            experiment.print_lines(world, name, method, first, f"scenes {scenes}: {method.title}")


def main():
    parser = experiment.parser(__doc__, "configs/demo.toml", "runs/streets",
                               ["warm_up.iterations=1200", f"stages.iterations={ITERATIONS}"])
    parser.add_argument("--streets", default="build/evidence/examples/streets/streets")
    parser.add_argument("--match-colours", default="build/evidence/benchmarks/streets/match_colours")
    options = parser.parse_args()
    worlds = Worlds(options.out)
    if options.action == "table":
        return table(options, worlds)
    return 0 if run(options, worlds) else 1


if __name__ == "__main__":
    sys.exit(main())

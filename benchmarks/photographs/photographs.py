#!/usr/bin/env python3
"""The table of docs/results.md: every method on the day-to-dusk photographs, several seeds.

run:   trains what has not finished yet, `--jobs` runs at a time; a run that was cut goes on.
table: prints the table, in Markdown, of the runs that have finished.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import experiment

METHODS = experiment.methods(240)


def table(options, world):
    experiment.print_header(options.seeds)
    experiment.print_warm_ups(world, {name: METHODS[name] for name in options.methods}, options.seeds)
    for name in options.methods:
        experiment.print_lines(world, name, METHODS[name], options.seeds)


def main():
    parser = experiment.parser(__doc__, "configs/photographs.toml", "runs/photographs")
    parser.add_argument("--data", type=Path, default=Path("../shared/day_to_dusk"),
                        help="holds gta5/ and cityscapes/")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"skipped: {options.data} is not there; `gta5_to_cityscapes convert-camvid` makes it")
        return 77
    world = experiment.World(options.data / "gta5", options.data / "cityscapes", options.out)
    if options.action == "table":
        return table(options, world)
    methods = {name: METHODS[name] for name in options.methods}
    return 0 if experiment.train(options, world, methods, options.seeds) else 1


if __name__ == "__main__":
    sys.exit(main())

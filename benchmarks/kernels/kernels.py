#!/usr/bin/env python3
"""Times the operators of cag::kernels beside what gives the same result, and holds the goals against it.

usage: kernels.py PROGRAM... --out FOLDER [--anchors FILE] [--compiler CXX] [--sizes A B C] [--rounds 12]

PROGRAM is assign_bench, class_sums_bench, alignment_bench or argmax_threshold_bench. Contestants take turns in one
process, those of Python packages in child processes that wait for their turn: CAG_PYTHON names the interpreter
(default: this one); what it lacks is left out with a reason. Prints Markdown and writes results.json to the folder.
Exits 1 where a goal is not met, 2 where a program fails. For a glance: --sizes C --rounds 5.

Of all cases it takes float32 of every size and layout, and at size A bfloat16, and two threads; --sizes, --layouts,
--elements and --threads leave some of those out. Sizes: A 256 channels of 128 x 256, 19 categories; B 256 of
256 x 512, 19; C 64 of 45 x 60, 11.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from statistics import median

import goals

CHILD = Path(__file__).with_name("child.py")
CASES = [{"threads": "1", "element": "float32", "sizes": ["A", "B", "C"]},
         {"threads": "1", "element": "bfloat16", "sizes": ["A"]},
         {"threads": "2", "element": "float32", "sizes": ["A"]}]
PROBES = {"faiss": "import torch, faiss",
          "inductor": "import torch; torch.compile(lambda x: (x @ x).sum())(torch.ones(2, 2))"}
USED_BY = {"assign": ["faiss", "inductor"], "class_sums": ["inductor"], "alignment": ["inductor"],
           "argmax_threshold": ["inductor"]}
# malloc that gives nothing back: a gradient's memory is then not new to the process each time.
KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000"}


def available_packages(python, environment):
    """Those that work there; prints why others do not."""
    found = []
    for package, probe in PROBES.items():
        try:
            ended = subprocess.run([python, "-c", probe], capture_output=True, text=True, env=environment)
            reason = (ended.stderr.strip().splitlines() or ["no message"])[-1] if ended.returncode else None
        except OSError as error:
            reason = str(error)
        if reason is None:
            found.append(package)
        else:
            print(f"left out: {package}: {reason} ({python}; CAG_PYTHON names another interpreter)", flush=True)
    return found


def published_anchors(path, out):
    """The vectors of a safetensors file as the programs read them."""
    if path is None or not path.is_file():
        print("The published anchors are not there: random ones of their scale.", flush=True)
        return []
    content = path.read_bytes()
    begin = 8 + struct.unpack("<Q", content[:8])[0]
    entry = json.loads(content[8:begin])["objective_vectors"]
    if entry["dtype"] != "F32" or entry["shape"] != [19, 256]:
        sys.exit(f"{path}: expected objective_vectors of 19 x 256 F32, got {entry['shape']} {entry['dtype']}")
    first, last = entry["data_offsets"]
    file = out / "anchors.f32"
    file.write_bytes(content[begin + first:begin + last])
    return ["--anchors", file]


def run(command, environment, memory="default"):
    """The cases as they end; the program's messages go where this one's do."""
    command = [str(part) for part in command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for line in process.stdout:
            case = json.loads(line) | {"memory": memory}
            print("measured:", title(case), file=sys.stderr, flush=True)
            yield case
    if process.returncode != 0:
        print(f"{command[0]} ended with {process.returncode}", file=sys.stderr, flush=True)
        sys.exit(2)


def selected(options):
    """The command lines of the cases that are wanted."""
    for cases in CASES:
        sizes = [size for size in cases["sizes"] if size in options.sizes]
        if sizes and cases["threads"] in options.threads and cases["element"] in options.elements:
            yield ["--threads", cases["threads"], "--elements", cases["element"], "--sizes", *sizes]


def title(case):
    words = [case["operator"], case["size"], case["layout"].replace("_", "-"), case["element"],
             f"{case['threads']} thread{'s' * (case['threads'] > 1)}"]
    return ", ".join(words + ["memory kept"] * (case["memory"] == "kept"))


def milliseconds(seconds):
    least, middle = (1000 * of(seconds) for of in (min, median))
    return f"{least:.3g} ({middle:.3g})"


def is_peak(contestant):
    return contestant["name"].startswith("peak: ")


def print_times(cases):
    """A row for each contestant, its minimum and median, and how many times as long as ours that is."""
    print("| case | contestant | CPU, ms: min (median) | ratio | wall, ms: min (median) | ratio | rounds |")
    print("|---|---|---|---|---|---|---|")
    for case in cases:
        own = case["contestants"][0]
        for contestant in case["contestants"]:
            if is_peak(contestant):
                continue
            cells = [title(case).split(", ", 1)[1] if contestant is own else "", contestant["name"]]
            for clock in ("cpu", "wall"):
                ratios = [of(contestant[clock]) / of(own[clock]) for of in (min, median)]
                cells += [milliseconds(contestant[clock]),
                          "" if contestant is own else "{:.3g} ({:.3g})".format(*ratios)]
            print("|", " | ".join([*cells, str(len(contestant["cpu"]))]), "|")


def note(contestant, key):
    value = contestant["notes"].get(key)
    if value is None:
        return ""
    if key == "extra memory":
        return f"{value / 1e6:.2f}"
    return f"{value:.0f}" if key.startswith("differing") else f"{value:.2g}"


def print_notes(cases):
    """What is not a time, of everybody who has it."""
    keys = list(dict.fromkeys(key for case in cases for contestant in case["contestants"] if not is_peak(contestant)
                              for key in contestant["notes"] if "clear" not in key and key != "active"))
    if not keys:
        return
    names = {"extra memory": "extra memory, MB"}
    print("\n| case | contestant |", " | ".join(names.get(key, key) for key in keys), "|")
    print("|---|---|" + "---|" * len(keys))
    for case in cases:
        for contestant in case["contestants"]:
            values = [note(contestant, key) for key in keys]
            if any(values) and not is_peak(contestant):
                print("|", " | ".join([title(case).split(", ", 1)[1], contestant["name"], *values]), "|")


def print_peaks(cases):
    peaks = {}
    for case in cases:
        for contestant in filter(is_peak, case["contestants"]):
            if contestant["name"] == goals.READ:  # as fast as the size of the case allows
                continue
            best = contestant["notes"]["work"] / min(contestant["cpu"])
            peaks[contestant["name"]] = max(peaks.get(contestant["name"], 0), best)
    if peaks:
        print("\nOne thread of this processor, 10⁹ a second, the best of all cases:",
              "; ".join(f"{name.removeprefix('peak: ')} {value / 1e9:.1f}" for name, value in peaks.items()) + ".")
    for name in goals.PEAKS_OF.get(cases[0]["operator"], []):
        shares = [(case, goals.share_of_peak(case, name)) for case in cases]
        words = [f"{title(case).split(', ', 1)[1]}: {share:.0%}" for case, share in shares if share is not None]
        if words:
            print(f"\nOf the {name.replace(':', ' to', 1)} measured with the case:", "; ".join(words) + ".")


def report(operator, cases):
    versions = {name: version for case in cases for name, version in case["versions"].items()}
    print(f"\n## {operator}\n\nWith", ", ".join(f"{name} {version}" for name, version in versions.items()) + ".\n")
    print_times(cases)
    print_notes(cases)
    print_peaks(cases)
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="+", type=Path, metavar="PROGRAM")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--anchors", type=Path, help="safetensors with objective_vectors [19, 256]")
    parser.add_argument("--compiler", default="g++", help="of torch.compile")
    parser.add_argument("--sizes", nargs="+", default=["A", "B", "C"], choices=["A", "B", "C"])
    layouts = ["contiguous", "channels_last"]
    parser.add_argument("--layouts", nargs="+", default=layouts, choices=layouts)
    parser.add_argument("--elements", nargs="+", default=["float32", "bfloat16"], choices=["float32", "bfloat16"])
    parser.add_argument("--threads", nargs="+", default=["1", "2"], choices=["1", "2"])
    parser.add_argument("--rounds", default="12")
    options = parser.parse_args()
    if not list(selected(options)):
        parser.error("no case is of these sizes, elements and threads")
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)

    environment = os.environ | {"CXX": options.compiler, "TORCHINDUCTOR_CACHE_DIR": str(out / "inductor")}
    python = os.environ.get("CAG_PYTHON", sys.executable)
    packages = available_packages(python, environment)
    common = ["--python", python, "--script", CHILD, "--folder", out, "--rounds", options.rounds,
              *published_anchors(options.anchors, out), "--layouts", *options.layouts]
    results = {}
    for program in options.programs:
        operator = program.stem.removesuffix("_bench")
        children = [package for package in USED_BY[operator] if package in packages]
        command = [program.resolve(), *common, *(["--children", *children] if children else [])]
        cases = results[operator] = []
        for case in selected(options):
            cases += run([*command, *case], environment)
            if operator == "alignment" and case[1] == "1":
                cases += run([*command, *case], environment | KEPT, "kept")
        (out / "results.json").write_text(json.dumps(results))
        report(operator, cases)
    print()
    return 0 if goals.check(results) else 1


if __name__ == "__main__":
    sys.exit(main())

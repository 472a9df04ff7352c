#!/usr/bin/env python3
"""What TorchScript and AOTInductor bring for inference and for a teacher's labels, beside the C++ module.

usage: exported.py --program gta5_to_cityscapes --exported exported [--out runs/exported] [--rounds 20] [NETWORK...]

Networks of fresh weights are exported and timed in turn, round after round; memory is of a process for each. Needs
PyTorch, safetensors and a C++ compiler; takes minutes for each network. Exits with 77 where a package is missing.
"""
import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

try:
    import torch
    import safetensors.torch  # noqa: F401
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
import networks  # noqa: E402

NETWORKS = {"compact": ({"name": "compact"}, 256, 512),
            "r50": ({"name": "deeplab_v3_plus", "depth": 50}, 256, 512),
            "r101": ({"name": "deeplab_v3_plus", "depth": 101}, 256, 512)}
FORMS = (("C++ module", ""), ("TorchScript", ".pt"), ("TorchScript, frozen", ".pt+"), ("AOTInductor", ".pt2"))


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE).stdout


def files_of(name, options):
    """The network in its forms, by their ends; made where they are not there yet."""
    kind, height, width = NETWORKS[name]
    kind = {"depth": 101, "output_stride": 16, "norm": "batch", "levels": 1} | kind
    folder = options.out / name
    if not folder.exists():
        torch.manual_seed(1)
        weights = options.out / f"{name}.pth"
        torch.save(networks.make(kind, 19).state_dict(), weights)
        run(options.program, "convert", weights, folder, *(
            part for key, value in kind.items() for part in ("--set", f"network.{key}={json.dumps(value)}")))
    for end, option in ((".pt", "--torchscript"), (".pt2", "--aoti")):
        path = options.out / (name + end)
        if not path.exists():
            print(run(sys.executable, TOOLS / "export.py", folder, "--height", height, "--width", width, option, path),
                  file=sys.stderr)
    return {end: f"{folder}{end}" for _, end in FORMS}


def measured(options, files, height, width, rounds):
    text = run(options.exported, "time", *files, "--height", height, "--width", width, "--rounds", rounds)
    rows = [[float(value) for value in line.split()[-5:]] for line in text.splitlines()[1:-1]]
    return rows, float(re.search(r"peak memory (\d+)", text)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), metavar="NETWORK",
                        help=f"of {', '.join(NETWORKS)}")
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--exported", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/exported"))
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print("| network | form | load, ms | forward, ms: least, median | forward and labels | peak memory, MiB |")
    print("|---|---|---|---|---|---|")
    for name in options.networks:
        _, height, width = NETWORKS[name]
        files = files_of(name, options)
        rows, _ = measured(options, files.values(), height, width, options.rounds)
        for (form, end), row in zip(FORMS, rows, strict=True):
            _, peak = measured(options, [files[end]], height, width, 1)
            load, least, median, least_labelled, median_labelled = row
            share = f" ({median / rows[0][2]:.2f})" if end else ""
            print(f"| {name}, {width} × {height} | {form} | {load:.0f} | {least:.0f}, {median:.0f}{share} | "
                  f"{least_labelled:.0f}, {median_labelled:.0f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()

"""Runs one of the examples and looks at what it printed and wrote: examples.py NAME PROGRAMS EXAMPLES STREETS

PROGRAMS is the folder of the programs, EXAMPLES that of their sources. Numbers are held to what they mean: processors
round differently, and with that train other networks.
"""
import importlib.util
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

name, programs, examples, streets = sys.argv[1:]
program = pathlib.Path(programs).resolve() / name
examples = pathlib.Path(examples)


def run(*command):
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    print(ended.stdout, ended.stderr, sep="", flush=True)
    if ended.returncode != 0:
        sys.exit(f"{command[0]}: exit {ended.returncode}")
    return ended.stdout


def numbers(pattern, output, count):
    found = [float(value) for value in re.findall(pattern, output)]
    if len(found) != count:
        sys.exit(f"{name}: expected {count} of {pattern}, found {len(found)}")
    return found


def expect(holds, what):
    if not holds:
        sys.exit(f"{name}: {what}")


def adapted(output):
    before, after = numbers(r"mIoU ([0-9.]+) %", output, 2)
    expect(after > before - 1, f"worse than without adaptation: {after} after {before}")


def draw(root):
    size = ["--width", 128, "--height", 64, "--samples", 1]
    run(streets, "--style", "simulator", "--layout", "gta5", "--images", 48, *size, "--out", root / "source")
    run(streets, "--style", "evening", "--layout", "cityscapes", "--images", 24, "--validation", 12, *size,
        "--out", root / "target")
    return root / "source", root / "target"


def quickstart(_):
    output = run(program)
    adapted(output)
    expect(0 < numbers(r"([0-9.]+) % of a target batch's pixels", output, 1)[0] < 100, "all pixels labelled, or none")


def own_training_loop(root):
    output = run(program, root)
    adapted(output)
    expect(min(numbers(r"([0-9.]+) % active", output, len(re.findall("rate", output)))) > 0, "a step without labels")
    expect("stopped after" in output, "it does not say why it stopped")
    expect((root / "adapted.safetensors").is_file() and (root / "anchors.safetensors").is_file(), "nothing was saved")


def custom_metric(root):
    output = run(program, *draw(root))
    adapted(output)
    for active in numbers(r"([0-9.]+) % of the pixels active", output, 2):
        expect(40 < active < 80, f"margins for 60 % of the pixels gave {active} %")
    expect(min(numbers(r"([0-9.]+) % of them right", output, 2)) > 50, "pseudo-labels that are mostly wrong")


def torchscript_backbone(root):
    source, target = draw(root)
    network = examples / name / "network.pt"
    adapted(run(program, network, source, target, root / "adapted.pt", 600))
    if importlib.util.find_spec("torch") is None:
        print("not read back with Python, which has no torch here")
        return
    run(sys.executable, "-c", f"""
import torch
before, after = torch.jit.load({str(network)!r}), torch.jit.load({str(root / 'adapted.pt')!r})
features, logits = after(torch.rand(1, 3, 64, 128))
assert features.shape == (1, 32, 16, 32) and logits.shape == (1, 7, 16, 32) and not after.training
assert before.state_dict().keys() == after.state_dict().keys()
assert not torch.equal(before.classify.weight, after.classify.weight)
""")


def abstain_map(root):
    source, target = draw(root)
    command = [program, root / "weights.safetensors", root / "anchors.safetensors", target, root / "maps", 2.5]
    pattern = r"([0-9.]+) % of their pixels active"
    active = numbers(pattern, run(*command, source), 1)[0]
    expect(5 < active < 95, f"{active} % of the pixels active")
    expect(numbers(pattern, run(*command), 1)[0] == active, "another map from the weights that were written")
    command[-1] = 5
    expect(numbers(pattern, run(*command), 1)[0] < active, "a larger margin does not abstain more")
    pictures = sorted((root / "maps").glob("*.png"))
    expect(len(pictures) == 24, f"{len(pictures)} pictures of 24 images")
    size = struct.unpack(">II", pictures[0].read_bytes()[16:24])
    expect(size == (3 * 128 + 2 * 4, 64), f"expected three panels of 128 x 64 pixels, found {size}")


with tempfile.TemporaryDirectory() as folder:
    {check.__name__: check for check in (quickstart, own_training_loop, custom_metric, torchscript_backbone,
                                         abstain_map)}[name](pathlib.Path(folder))

#!/usr/bin/env python3
"""The networks that tools/networks.py makes are those of the library, and what tools/export.py writes of them is too.

usage: exported.py PROGRAM EXPORTED MODEL_TEST    exits with 77 where PyTorch or safetensors is not installed
CAG_PYTHON names another interpreter that has them. PROGRAM converts weights, EXPORTED (of the benchmarks) runs a
network's folder, and MODEL_TEST has the cases that need packages, which are of one kind of processor.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

if (other := os.environ.pop("CAG_PYTHON", None)) is not None:
    os.execv(other, [other, *sys.argv])
try:
    import torch
    from safetensors.torch import load_file, save_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
import networks  # noqa: E402

V2, V3 = "deeplab_v2", "deeplab_v3_plus"
KINDS = [("compact", 101, 16, "batch", 1), (V3, 18, 16, "batch", 1), (V3, 34, 8, "frozen_batch", 1),
         (V3, 50, 8, "group", 1), (V2, 18, 8, "frozen_batch", 1), (V2, 50, 16, "batch", 2)]
CATEGORIES = ["road", "sky", "car"]
program, exported, model_test = (Path(part).resolve() for part in sys.argv[1:])


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, **options)


def folder_of(root, name, depth, stride, norm, levels):
    """A network's folder that the program made of weights from Python, each with values of its own."""
    torch.manual_seed(1)
    net = networks.make({"name": name, "depth": depth, "output_stride": stride, "norm": norm, "levels": levels},
                        len(CATEGORIES))
    state = net.state_dict()
    for key, value in state.items():
        if key.endswith("running_mean"):
            value.normal_(std=0.1)
        elif value.dim() == 1 and value.is_floating_point():  # variances, scales and shifts
            value.uniform_(0.5, 1.5)
    weights = root / "weights.pth"
    torch.save(state, weights)
    folder = root / f"{name}_{depth}_{stride}_{norm}_{levels}"
    settings = {"network.name": f'"{name}"', "network.depth": depth, "network.output_stride": stride,
                "network.norm": f'"{norm}"', "network.levels": levels, "data.categories": str(CATEGORIES).replace("'", '"'),
                "data.mean": [0.5, 0.4, 0.3], "data.deviation": [0.2, 0.25, 0.3]}
    run(program, "convert", weights, folder, *(part for pair in settings.items()
                                               for part in ("--set", f"{pair[0]}={pair[1]}")))
    return folder


def check_rebuilt(root, folder):
    trained = networks.load(folder)
    assert trained.categories == CATEGORIES and trained.mean == [0.5, 0.4, 0.3], trained
    images = torch.rand(2, 3, 65, 96)  # of odd and even sides
    save_file({"images": images}, root / "images.safetensors")
    run(exported, "forward", folder, root / "images.safetensors", root / "maps.safetensors")
    theirs = load_file(root / "maps.safetensors")
    with torch.no_grad():
        for name, mine in zip(("features", "logits"), trained.net(images)):
            assert mine.shape == theirs[name].shape, (folder, name, mine.shape, theirs[name].shape)
            apart = ((mine - theirs[name]).abs().max() / mine.abs().max()).item()
            assert apart < 1e-5, (folder, name, apart)
            print(f"{folder.name}: {name} {list(mine.shape)} within {apart:.1g} of the largest")


def check_refused(root, folder):
    manifest = folder / "manifest.json"
    text = manifest.read_text()
    for changed, expected in ((text.replace('"cag.network"', '"cag.anchors"'), "expected cag.network"),
                              (text.replace('"compact"', '"deeplab_v2"'), "missing"), ("{", "JSON")):
        manifest.write_text(changed)
        ended = subprocess.run([sys.executable, TOOLS / "export.py", folder, "--height", "64", "--width", "96", "--onnx",
                                root / "never.onnx"], capture_output=True, text=True)
        assert ended.returncode == 4 and expected in ended.stderr, (expected, ended)
    manifest.write_text(text)


def check_exported(root, folder):
    export = [sys.executable, TOOLS / "export.py", folder, "--height", "64", "--width", "96", "--batch", "2"]
    run(*export, "--torchscript", root / "net.pt", "--aoti", root / "fixed.pt2")
    run(*export, "--dynamic", "--aoti", root / "dynamic.pt2", "--cpu", "avx2")
    for more in ([], ["--dynamic", "--normalise"]):
        left_out = subprocess.run([*map(str, export), *more, "--onnx", str(root / "net.onnx")]).returncode
        assert left_out in (0, 77), left_out
    images = torch.rand(2, 3, 64, 96)
    save_file({"images": images}, root / "images.safetensors")
    with torch.no_grad():
        features, logits = networks.load(folder).net(images)
    save_file({"images": images, "features": features, "logits": logits.contiguous()}, root / "expected.safetensors")
    for file in ("net.pt", "fixed.pt2"):
        run(exported, "forward", root / file, root / "images.safetensors", root / "maps.safetensors")
        found = load_file(root / "maps.safetensors")
        assert torch.allclose(found["logits"], logits, 1e-4, 1e-5), file
    run(model_test, "[.packages]", env=os.environ | {"CAG_PACKAGES": str(root)})


def main():
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        folders = [folder_of(root, *kind) for kind in KINDS]
        for folder in folders:
            check_rebuilt(root, folder)
        check_refused(root, folders[0])
        check_exported(root, folders[0])


if __name__ == "__main__":
    main()

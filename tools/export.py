#!/usr/bin/env python3
"""Makes of an adapted network what other programs run: TorchScript, ONNX, an AOTInductor package.

    export.py RUN/networks/stage-3 --height 512 --width 1024 --onnx net.onnx --aoti net.pt2 --torchscript net.pt

Each takes images [N, 3, H, W] and gives features [N, D, h, w] and logits [N, K, h, w], is compared with the network
before it is written, and carries what belongs to the weights: categories, mean and deviation of the input, sizes.
Exit codes: 1 it differs from the network, 2 usage, 4 no network, 6 a file that the system refused, 77 something was
left out for a package that is not installed.
"""
import argparse
import ctypes
import importlib.util
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path

SKIPPED = 77
SMALLEST = 32  # side of an image
TOLERANCE = 1e-4  # of the largest value: other kernels add in another order


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path, help="folder of a network, as RUN/networks/stage-1")
    parser.add_argument("--height", type=int, required=True, help="of the images")
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--batch", type=int, default=1, help="images at a time")
    parser.add_argument("--dynamic", action="store_true",
                        help=f"these are the largest; also take fewer images, and sides from {SMALLEST}")
    parser.add_argument("--normalise", action="store_true",
                        help="take RGB from 0 to 255 and normalise inside; else images are normalised before")
    parser.add_argument("--torchscript", type=Path, help="takes every size, and can be trained further")
    parser.add_argument("--onnx", type=Path, help="needs the package onnxscript")
    parser.add_argument("--aoti", type=Path, help="compiled for this kind of CPU; needs a C++ compiler")
    parser.add_argument("--cpu", choices=("native", "avx2", "avx512"), default="native",
                        help="what a package may use of the CPU that runs it")
    parser.add_argument("--link-libtorch", action="store_true",
                        help="a package that names libtorch.so, for Python, and not for programs without CUDA's libraries")
    parsed = parser.parse_args()
    smallest = SMALLEST if parsed.dynamic else 1
    if parsed.height < smallest or parsed.width < smallest or parsed.batch < 1:
        parser.error(f"expected sides of at least {smallest} and a batch of at least 1, got {parsed.height} x "
                     f"{parsed.width} and {parsed.batch}")
    if not (parsed.torchscript or parsed.onnx or parsed.aoti):
        parser.error("expected at least one of --torchscript, --onnx and --aoti")
    if parsed.aoti and parsed.aoti.suffix != ".pt2":
        parser.error(f"--aoti: expected a name that ends in .pt2, got {parsed.aoti}")
    return parsed


def normalised(trained):
    """The network with its input's normalisation in front."""
    class Normalised(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = trained.net
            self.register_buffer("mean", torch.tensor(trained.mean).view(3, 1, 1))
            self.register_buffer("deviation", torch.tensor(trained.deviation).view(3, 1, 1))

        def forward(self, images):
            return self.net((images / 255 - self.mean) / self.deviation)

    return Normalised().eval()


class Exporter:
    def __init__(self, options, trained):
        self.options = options
        self.net = normalised(trained) if options.normalise else trained.net
        largest = [options.batch, 3, options.height, options.width]
        smallest = [1, 3, SMALLEST, SMALLEST] if options.dynamic else largest
        self.range = list(zip(smallest, largest))
        value = "RGB from 0 to 255" if options.normalise else "RGB, (x / 255 - mean) / deviation"
        self.metadata = {
            "cag.network": json.dumps(trained.kind), "cag.categories": json.dumps(trained.categories),
            "cag.mean": json.dumps(trained.mean), "cag.deviation": json.dumps(trained.deviation),
            "cag.normalises": json.dumps(options.normalise), "cag.input": f"images [N, 3, H, W] float32: {value}",
            "cag.images": json.dumps(self.range),
            "cag.output": "features [N, D, h, w], logits [N, K, h, w], not upsampled"}

    def images(self, shape):
        images = torch.rand(shape, generator=torch.Generator().manual_seed(1))
        return images * 255 if self.options.normalise else images * 4 - 2

    def example(self):
        return self.images([high for _, high in self.range])

    def dynamic_shapes(self):
        """Of images that torch.export takes, the largest as the example."""
        names = ("batch", None, "height", "width")
        sizes = {i: torch.export.Dim(names[i], min=low, max=high)
                 for i, (low, high) in enumerate(self.range) if low < high}
        return (sizes,) if sizes else None

    def sizes_to_try(self):
        low, high = zip(*self.range)
        middle = [(a + b) // 2 | 1 if a < b else a for a, b in self.range]
        middle = [min(a, b) for a, b in zip(middle, high)]
        return sorted({tuple(high), tuple(low), tuple(middle), (low[0], 3, high[2], low[3])}, reverse=True)

    def check(self, path, run):
        """Exits unless run(images) gives what the network gives."""
        for shape in self.sizes_to_try():
            images = self.images(shape)
            expected = self.net(images)
            found = run(images)
            for name, a, b in zip(("features", "logits"), expected, found, strict=True):
                b = torch.as_tensor(b)
                apart = (a - b).abs().max().item() if a.shape == b.shape else float("inf")
                if not apart <= TOLERANCE * a.abs().max().item():
                    sys.exit(f"{path}: {name} of images {list(shape)} differ from the network's by {apart:g}, up to "
                             f"{a.abs().max().item():g} in size")
                print(f"{path}: {name} {list(b.shape)} of images {list(shape)} within {apart:.1g}")

    def torchscript(self, path):
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            script = torch.jit.script(self.net)
            script.save(str(path), _extra_files={"cag.json": json.dumps(self.metadata)})
            self.check(self.options.torchscript, torch.jit.load(str(path)))

    def onnx(self, path):
        import onnx
        program = torch.onnx.export(self.net, (self.example(),), dynamo=True, dynamic_shapes=self.dynamic_shapes(),
                                    input_names=["images"], output_names=["features", "logits"], verbose=False)
        program.model.metadata_props.update(self.metadata)
        program.save(str(path), external_data=False)
        onnx.checker.check_model(str(path))
        if importlib.util.find_spec("onnxruntime") is None:
            return print(f"{self.options.onnx}: sound, but not run: onnxruntime is not installed")
        import onnxruntime
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.check(self.options.onnx, lambda images: session.run(None, {"images": images.numpy()}))

    def aoti(self, path):
        from torch._inductor import aoti_compile_and_package, aoti_load_package
        exported = torch.export.export(self.net, (self.example(),), dynamic_shapes=self.dynamic_shapes())
        configs = {"freezing": True, "cpp.dynamic_threads": True, "aot_inductor.metadata": self.metadata,
                   "aot_inductor.link_libtorch": self.options.link_libtorch}
        if self.options.cpu != "native":
            wide = self.options.cpu == "avx512"
            configs |= {"cpp.simdlen": 512 if wide else 256, "cpp.march": "x86-64-v4" if wide else "x86-64-v3"}
        aoti_compile_and_package(exported, package_path=str(path), inductor_configs=configs)
        if not self.options.link_libtorch:  # symbols that a program linked with LibTorch has, and Python hides
            ctypes.CDLL(str(Path(torch.__file__).parent / "lib/libtorch_cpu.so"), mode=ctypes.RTLD_GLOBAL)
        self.check(self.options.aoti, aoti_load_package(str(path)))

    def write(self, path, make):
        """Makes a file beside `path`, and puts it there once it is checked."""
        with tempfile.TemporaryDirectory(prefix=".tmp-cag-", dir=path.absolute().parent) as folder:
            made = Path(folder) / path.name
            make(made)
            os.replace(made, path)
        print(f"{path}: written, {path.stat().st_size / 2**20:.1f} MiB")


def main():
    options = arguments()
    trained = networks.load(options.network)
    exporter = Exporter(options, trained)
    skipped = False
    with torch.no_grad():
        if options.torchscript:
            exporter.write(options.torchscript, exporter.torchscript)
        if options.onnx:
            if lacking := [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]:
                print(f"{options.onnx}: left out: {' and '.join(lacking)} not installed", file=sys.stderr)
                skipped = True
            else:
                exporter.write(options.onnx, exporter.onnx)
        if options.aoti:
            exporter.write(options.aoti, exporter.aoti)
    return SKIPPED if skipped else 0


if __name__ == "__main__":
    try:
        import networks
        import torch
    except ImportError as error:
        print(f"skipped: {error}", file=sys.stderr)
        sys.exit(SKIPPED)
    try:
        sys.exit(main())
    except networks.NetworkError as error:
        print(error, file=sys.stderr)
        sys.exit(4)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(6)

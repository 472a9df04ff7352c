#!/usr/bin/env python3
"""Reads with PyTorch and safetensors what `convert` writes of a file that PyTorch wrote.

usage: read_back.py PROGRAM    exits with 77 where one of the packages is not installed
"""
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import safetensors.torch
    import torch
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def main():
    given = Path(__file__).resolve().parent / "kinds_legacy.pth"
    expected = torch.load(given, weights_only=False)
    readers = {"w.pth": lambda path: torch.load(path, weights_only=True),
               "w.safetensors": safetensors.torch.load_file}
    with tempfile.TemporaryDirectory() as folder:
        for name, reader in readers.items():
            out = Path(folder) / name
            subprocess.run([sys.argv[1], "convert", given, out], check=True)
            found = reader(out)
            assert found.keys() == expected.keys(), (name, found.keys())
            for key, value in expected.items():
                value = torch.as_tensor(value).detach()
                assert found[key].dtype == value.dtype and torch.equal(found[key], value), (name, key)
            print(f"{name}: {len(found)} tensors are what PyTorch wrote")


if __name__ == "__main__":
    main()

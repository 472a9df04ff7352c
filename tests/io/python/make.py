#!/usr/bin/env python3
"""Writes the files here with PyTorch and numpy: what pytorch_file_test.cpp reads. See VERSIONS for those used."""
import collections
from pathlib import Path

import numpy
import torch

HERE = Path(__file__).resolve().parent
OLD = {"_use_new_zipfile_serialization": False}


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 2, 1), torch.nn.BatchNorm2d(2))


def checkpoint():
    """In the manner of the published code, and with what else training programs put there."""
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.ones(2, 3, 2, 2)).sum().backward()
    optimizer.step()
    return {"DeepLab": {"model_state": net.state_dict(), "optimizer_state": optimizer.state_dict(),
                        "scheduler_state": {"last_epoch": 3}},
            "iter": 7, "best_iou": numpy.float64(0.5), "history": numpy.arange(6.0).reshape(2, 3)}


def kinds():
    base = torch.arange(24.0).reshape(4, 6)
    return {"view": base[1:3, ::2], "transposed": base.t(), "half": base.half(), "bfloat16": base.bfloat16(),
            "int": base.int(), "bool": base > 3, "scalar": torch.tensor(3), "parameter": torch.nn.Parameter(base),
            "empty": torch.zeros(0, 3), "columns_first": numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3))}


def main():
    for name, value in (("checkpoint", checkpoint()), ("kinds", kinds()),
                        ("parallel", collections.OrderedDict(("module." + k, v) for k, v in network().state_dict().items()))):
        torch.save(value, HERE / f"{name}.pth")
        torch.save(value, HERE / f"{name}_legacy.pth", **OLD)
    torch.save({"x": torch.ones(2)}, HERE / "protocol_5.pth", pickle_protocol=5)
    torch.save(network(), HERE / "module.pth")
    torch.save({"x": torch.eye(2).to_sparse()}, HERE / "sparse.pth")
    torch.jit.script(network()).save(str(HERE / "script.pt"))
    (HERE / "VERSIONS").write_text(f"torch {torch.__version__}, numpy {numpy.__version__}\n")


if __name__ == "__main__":
    main()

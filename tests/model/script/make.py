"""Writes the networks of scripted_test.cpp: make.py FOLDER"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.2))
        self.classify = nn.Conv2d(6, 3, 1)

    def forward(self, images):
        features = self.encoder(images)
        return features, self.classify(features)


class Named(Net):
    def forward(self, images):
        features = self.encoder(images)
        return {"features": features, "logits": self.classify(features)}


class Norms(Net):
    """Norms that are not to be taken for a batch norm with statistics to re-estimate, and one that is."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.InstanceNorm2d(6, track_running_stats=True),
                                     nn.BatchNorm2d(6), nn.BatchNorm2d(6, momentum=0.0))


class Alone(Net):
    def forward(self, images):
        return self.classify(self.encoder(images))


folder = Path(sys.argv[1])
torch.manual_seed(1)
net = Net()
torch.jit.script(net).save(folder / "tuple.pt")
images = torch.rand(2, 3, 16, 16)
with torch.no_grad():
    features, logits = net.eval()(images)
save_file({"images": images, "features": features, "logits": logits}, folder / "expected.safetensors")
torch.jit.script(Named()).save(folder / "dict.pt")
torch.jit.script(Alone()).save(folder / "alone.pt")
torch.jit.trace(Net().train(), torch.rand(2, 3, 16, 16), check_trace=False).save(folder / "traced.pt")
torch.jit.script(Norms()).save(folder / "norms.pt")

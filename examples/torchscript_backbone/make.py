"""Writes a network as TorchScript, for torchscript_backbone: make.py NETWORK.pt"""
import sys

import torch
from torch import nn


def layer(width_in, width_out, stride):
    return nn.Sequential(nn.Conv2d(width_in, width_out, 3, stride, 1, bias=False), nn.GroupNorm(8, width_out), nn.ReLU())


class Network(nn.Module):
    """Images [N, 3, H, W] to features [N, 32, H/4, W/4] and logits [N, categories, H/4, W/4]."""

    def __init__(self, categories):
        super().__init__()
        self.encode = nn.Sequential(layer(3, 16, 2), layer(16, 32, 2), layer(32, 32, 1), layer(32, 32, 1))
        self.features = layer(32, 32, 1)
        self.dropout = nn.Dropout(0.1)
        self.classify = nn.Conv2d(32, categories, 1)

    def forward(self, images):
        features = self.features(self.encode(images))
        return features, self.classify(self.dropout(features))


torch.manual_seed(1)
network = Network(categories=7)
# Train it on the source here, as you are used to.
torch.jit.script(network).save(sys.argv[1])

#!/usr/bin/env python3
"""Writes the files here: two steps of AdaptSegNet's losses, by PyTorch's own autograd through the whole graph.

The student's logits are leaves, so that their gradients are what a network's backward pass would receive.
"""
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
CATEGORIES, SIZE = 3, (33, 40)
WEIGHTS = {"main": 0.001, "auxiliary": 0.0002}
SOURCE_WEIGHTS = {"main": 1.0, "auxiliary": 0.1}
RATE = 1e-4


def mixed(x):
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def closed_form(key, shape, scale):
    """The weights that tests/parity/closed_form.hpp gives."""
    seed = 0x811C9DC5
    for byte in key.encode():
        seed = ((seed ^ byte) * 0x01000193) % 2**32
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        bits = mixed(mixed(np.array([seed], np.uint32)) + np.arange(count, dtype=np.uint32)) >> np.uint32(8)
    return scale * torch.from_numpy(2 * (bits.astype(np.float64) / 2**24) - 1).reshape(shape)


class Discriminator(torch.nn.Module):
    def __init__(self, level):
        super().__init__()
        widths = [CATEGORIES, 64, 128, 256, 512, 1]
        names = ["conv1", "conv2", "conv3", "conv4", "classifier"]
        for name, a, b in zip(names, widths, widths[1:]):
            self.add_module(name, torch.nn.Conv2d(a, b, 4, stride=2, padding=1))
        for name, parameter in self.named_parameters():
            scale = 0.1 if parameter.dim() == 1 else (6 / parameter[0].numel()) ** 0.5
            parameter.data = closed_form(f"{level}.{name}", parameter.shape, scale)

    def forward(self, x):
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = F.leaky_relu(layer(x), 0.2)
        return self.classifier(x)


def upsampled(logits):
    return F.interpolate(logits, SIZE, mode="bilinear", align_corners=True)


def vanilla(scores, label):
    return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, label))


def least_squares(scores, label):
    return F.mse_loss(scores, torch.full_like(scores, label))


def steps(loss, levels, tensors):
    torch.manual_seed(5)
    torch.set_default_dtype(torch.float64)
    nets = {level: Discriminator(i) for i, level in enumerate(levels)}
    labels = torch.randint(0, CATEGORIES, (2, *SIZE))
    labels[0, :3] = 250
    size = {"main": (9, 10), "auxiliary": (5, 6)}
    logits = {f"{domain}_{level}": torch.randn(2, CATEGORIES, *size[level], requires_grad=True)
              for domain in ("source", "target") for level in levels}
    tensors["labels"] = labels
    tensors.update({f"logits.{k}": v.detach().clone() for k, v in logits.items()})
    optimizer = torch.optim.Adam([p for net in nets.values() for p in net.parameters()], lr=RATE, betas=(0.9, 0.99))
    for step in (1, 2):
        total = 0
        for level in levels:
            source = F.cross_entropy(upsampled(logits[f"source_{level}"]), labels, ignore_index=250)
            fooled = loss(nets[level](upsampled(logits[f"target_{level}"]).softmax(1)), 0.0)
            tensors[f"step{step}.adversarial_{level}"] = fooled.detach().clone()
            total = total + SOURCE_WEIGHTS[level] * source + WEIGHTS[level] * fooled
        for value in logits.values():
            value.grad = None
        total.backward()
        tensors[f"step{step}.total"] = total.detach().clone()
        tensors.update({f"step{step}.grad.{k}": v.grad.clone() for k, v in logits.items()})
        optimizer.zero_grad()
        told = 0
        for level in levels:
            for domain, label in (("source", 0.0), ("target", 1.0)):
                told = told + loss(nets[level](upsampled(logits[f"{domain}_{level}"].detach()).softmax(1)), label) / 2
        told.backward()
        optimizer.step()
        tensors[f"step{step}.discriminator"] = told.detach().clone()
    for i, level in enumerate(levels):
        # A few of the weights say as much as all of them.
        for name in ("conv1.weight", "conv1.bias", "conv4.bias", "classifier.bias"):
            tensors[f"after.{i}.{name}"] = nets[level].state_dict()[name].clone()


def main():
    for name, loss, levels in (("vanilla_one_level", vanilla, ["main"]),
                               ("least_squares_two_levels", least_squares, ["main", "auxiliary"])):
        tensors = {}
        steps(loss, levels, tensors)
        save_file({key: value.contiguous() for key, value in tensors.items()}, HERE / f"{name}.safetensors")


if __name__ == "__main__":
    main()

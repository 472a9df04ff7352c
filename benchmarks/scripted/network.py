"""torchvision's deeplabv3_resnet50 with random weights, giving features and logits, as TorchScript: network.py OUT SEED"""

import sys

import torch
import torchvision


class Network(torch.nn.Module):
    def __init__(self, whole):
        super().__init__()
        self.backbone = whole.backbone
        self.head = torch.nn.Sequential(*list(whole.classifier)[:-1])
        self.last = whole.classifier[-1]

    def forward(self, images):
        features = self.head(self.backbone(images)["out"])
        return features, self.last(features)


torch.manual_seed(int(sys.argv[2]))
make = torchvision.models.segmentation.deeplabv3_resnet50
torch.jit.script(Network(make(weights=None, weights_backbone=None, num_classes=7))).save(sys.argv[1])

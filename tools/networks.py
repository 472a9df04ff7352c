"""The networks of cag in PyTorch, under the names that their parameters have there, and the folders that hold them."""
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

FORMAT, VERSION = "cag.network", 1
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


class NetworkError(Exception):
    """What is wrong with a network's folder."""


class FrozenBatchNorm(nn.Module):
    """Batch norm that keeps its statistics, scale and shift in training as in evaluation."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(width), requires_grad=False)
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        return functional.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, 1e-5)


def group_norm(width):
    return nn.GroupNorm(16, width)


NORMS = {"batch": nn.BatchNorm2d, "frozen_batch": FrozenBatchNorm, "group": group_norm}


def convolution(width_in, width_out, k, stride=1, dilation=1):
    return nn.Conv2d(width_in, width_out, k, stride, dilation * (k - 1) // 2, dilation, bias=False)


def upsample(x, like):
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=True)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, width_in, width, stride, dilation, norm, caffe=False):
        super().__init__()
        self.conv1 = convolution(width_in, width, 3, stride, dilation)
        self.bn1 = norm(width)
        self.conv2 = convolution(width, width, 3, 1, dilation)
        self.bn2 = norm(width)
        self.downsample = nn.Identity()
        if stride != 1 or width_in != width:
            self.downsample = nn.Sequential(convolution(width_in, width, 1, stride), norm(width))

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y))
        return (y + self.downsample(x)).relu()


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, width_in, width, stride, dilation, norm, caffe):
        super().__init__()
        out = self.expansion * width
        first = stride if caffe else 1
        self.conv1 = convolution(width_in, width, 1, first)
        self.bn1 = norm(width)
        self.conv2 = convolution(width, width, 3, stride // first, dilation)
        self.bn2 = norm(width)
        self.conv3 = convolution(width, out, 1)
        self.bn3 = norm(out)
        self.downsample = nn.Identity()
        if stride != 1 or width_in != out:
            self.downsample = nn.Sequential(convolution(width_in, out, 1, stride), norm(out))

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        return (y + self.downsample(x)).relu()


def add_resnet(module, depth, output_stride, norm, grid, caffe):
    """The layers of a ResNet as parts of `module`. Returns the width behind the last."""
    block = Bottleneck if depth >= 50 else BasicBlock
    module.conv1 = convolution(3, 64, 7, 2)
    module.bn1 = norm(64)
    fine = output_stride == 8
    width_in = 64
    for name, count, width, stride, dilation, by in zip(
            ("layer1", "layer2", "layer3", "layer4"), BLOCKS[depth], (64, 128, 256, 512),
            (1, 2, 1 if fine else 2, 1), (1, 1, 2 if fine else 1, 4 if fine else 2), (1, 1, 1, grid)):
        layer = nn.Sequential()
        for i in range(count):
            layer.append(block(width_in, width, stride if i == 0 else 1, dilation, norm, caffe))
            width_in = width * block.expansion
            dilation *= by
        setattr(module, name, layer)
    return width_in


class ResNet(nn.Module):
    def __init__(self, depth, output_stride, norm):
        super().__init__()
        self.width = add_resnet(self, depth, output_stride, norm, grid=2, caffe=False)

    def forward(self, images):
        x = functional.max_pool2d(self.bn1(self.conv1(images)).relu(), 3, 2, 1)
        low = self.layer1(x)
        return low, self.layer4(self.layer3(self.layer2(low)))


class AsppBranch(nn.Module):
    def __init__(self, width_in, k, dilation, norm):
        super().__init__()
        self.atrous_conv = convolution(width_in, 256, k, 1, dilation)
        self.bn = norm(256)

    def forward(self, x):
        return self.bn(self.atrous_conv(x)).relu()


class Aspp(nn.Module):
    def __init__(self, width_in, rate, norm):
        super().__init__()
        self.aspp1 = AsppBranch(width_in, 1, 1, norm)
        self.aspp2 = AsppBranch(width_in, 3, rate, norm)
        self.aspp3 = AsppBranch(width_in, 3, 2 * rate, norm)
        self.aspp4 = AsppBranch(width_in, 3, 3 * rate, norm)
        self.global_avg_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), convolution(width_in, 256, 1), norm(256),
                                             nn.ReLU())
        self.conv1 = convolution(5 * 256, 256, 1)
        self.bn1 = norm(256)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        pooled = self.global_avg_pool(x).expand(-1, -1, x.shape[2], x.shape[3])
        x = torch.cat([self.aspp1(x), self.aspp2(x), self.aspp3(x), self.aspp4(x), pooled], 1)
        return self.dropout(self.bn1(self.conv1(x)).relu())


class Decoder(nn.Module):
    def __init__(self, low, categories, norm):
        super().__init__()
        self.conv1 = convolution(low, 48, 1)
        self.bn1 = norm(48)
        self.last_conv = nn.Sequential(
            convolution(256 + 48, 256, 3), norm(256), nn.ReLU(), nn.Dropout(0.5),
            convolution(256, 256, 3), norm(256), nn.ReLU(), nn.Dropout(0.1), nn.Conv2d(256, categories, 1))

    def forward(self, high, low):
        x = torch.cat([upsample(high, low), self.bn1(self.conv1(low)).relu()], 1)
        features = x
        for layer in self.last_conv:
            features, x = x, layer(x)
        return features, x


class DeepLabV3Plus(nn.Module):
    def __init__(self, depth, output_stride, norm, categories):
        super().__init__()
        self.backbone = ResNet(depth, output_stride, norm)
        self.aspp = Aspp(self.backbone.width, 96 // output_stride, norm)
        self.decoder = Decoder(256 if depth >= 50 else 64, categories, norm)

    def forward(self, images):
        low, high = self.backbone(images)
        return self.decoder(self.aspp(high), low)


class DilatedClassifier(nn.Module):
    def __init__(self, width_in, categories):
        super().__init__()
        self.conv2d_list = nn.ModuleList(nn.Conv2d(width_in, categories, 3, padding=dilation, dilation=dilation)
                                         for dilation in (6, 12, 18, 24))

    def forward(self, x):
        total = torch.zeros([], dtype=x.dtype, device=x.device)
        for convolve in self.conv2d_list:
            total = total + convolve(x)
        return total


class DeepLabV2(nn.Module):
    """A second classifier, which belongs to training alone, is there for its weights; its logits are not given."""

    def __init__(self, depth, output_stride, norm, categories, levels):
        super().__init__()
        width = add_resnet(self, depth, output_stride, norm, grid=1, caffe=True)
        if levels == 2:
            self.layer5 = DilatedClassifier(width // 2, categories)
            self.layer6 = DilatedClassifier(width, categories)
        else:
            self.layer5 = DilatedClassifier(width, categories)
            self.layer6 = nn.Identity()
        self.levels = levels

    def forward(self, images):
        x = functional.max_pool2d(self.bn1(self.conv1(images)).relu(), 3, 2, 1, ceil_mode=True)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x, self.layer6(x) if self.levels == 2 else self.layer5(x)


def unit(width_in, width_out, k, stride=1, dilation=1):
    return [convolution(width_in, width_out, k, stride, dilation), nn.BatchNorm2d(width_out), nn.ReLU()]


class Compact(nn.Module):
    def __init__(self, categories):
        super().__init__()
        width = 64

        def stage(width_in, width_out, stride, dilation):
            return nn.Sequential(BasicBlock(width_in, width_out, stride, dilation, nn.BatchNorm2d),
                                 BasicBlock(width_out, width_out, 1, dilation, nn.BatchNorm2d))

        self.stem = nn.Sequential(*unit(3, 16, 3, 2), *unit(16, 32, 3, 2))
        self.stage1 = stage(32, 32, 1, 1)
        self.stage2 = stage(32, 64, 2, 1)
        self.stage3 = stage(64, 128, 1, 2)
        self.point = nn.Sequential(*unit(128, width, 1))
        self.atrous3 = nn.Sequential(*unit(128, width, 3, 1, 3))
        self.atrous6 = nn.Sequential(*unit(128, width, 3, 1, 6))
        self.image_pool = nn.Conv2d(128, width, 1)
        self.project = nn.Sequential(*unit(4 * width, width, 1))
        self.low_level = nn.Sequential(*unit(32, 16, 1))
        self.fuse = nn.Sequential(*unit(width + 16, width, 3), *unit(width, width, 3))
        self.classifier = nn.Conv2d(width, categories, 1)

    def forward(self, images):
        low = self.stage1(self.stem(images))
        high = self.stage3(self.stage2(low))
        pooled = self.image_pool(high.mean([2, 3], keepdim=True)).relu()
        pooled = pooled.expand(-1, -1, high.shape[2], high.shape[3])
        x = self.project(torch.cat([self.point(high), self.atrous3(high), self.atrous6(high), pooled], 1))
        x = self.fuse(torch.cat([upsample(x, low), self.low_level(low)], 1))
        return x, self.classifier(x)


def make(kind, categories):
    """The network that the manifest calls `kind`, with values that do not matter."""
    name = kind["name"]
    if name == "compact":
        return Compact(categories)
    depth, stride, norm = kind["depth"], kind["output_stride"], kind["norm"]
    if name not in ("deeplab_v2", "deeplab_v3_plus"):
        raise NetworkError(f"expected the network compact, deeplab_v2 or deeplab_v3_plus, found {name}")
    if depth not in BLOCKS or stride not in (8, 16) or norm not in NORMS:
        raise NetworkError(f"{name}: expected depth 18, 34, 50 or 101, output stride 8 or 16, and norm "
                           f"{', '.join(NORMS)}, found {depth}, {stride} and {norm}")
    if name == "deeplab_v2":
        return DeepLabV2(depth, stride, NORMS[norm], categories, kind["levels"])
    return DeepLabV3Plus(depth, stride, NORMS[norm], categories)


@dataclass
class Trained:
    """A network of a run, in eval mode, with what belongs to its weights."""
    net: nn.Module
    kind: dict
    categories: list
    mean: list
    deviation: list


def load(folder):
    """The network in a folder such as RUN/networks/stage-1. Raises NetworkError or OSError."""
    folder = Path(folder)
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        found = manifest["format"], manifest["version"]
        if found != (FORMAT, VERSION):
            raise NetworkError(f"{folder}: expected {FORMAT} of version {VERSION}, found {found[0]} of {found[1]}")
        values = manifest["values"]
        weights = folder / "network.safetensors"
        expected, size = manifest["files"][weights.name]["bytes"], weights.stat().st_size
        if size != expected:
            raise NetworkError(f"{weights}: expected {expected} bytes, found {size}")
        net = make(values["network"], len(values["categories"]))
        report = net.load_state_dict(load_file(weights), strict=False)
        if report.missing_keys or report.unexpected_keys:
            raise NetworkError(f"{weights}: expected the tensors of {values['network']['name']}, missing "
                               f"{report.missing_keys[:4]}, unexpected {report.unexpected_keys[:4]}")
        return Trained(net.eval(), values["network"], values["categories"], values["normalisation"]["mean"],
                       values["normalisation"]["deviation"])
    except FileNotFoundError as error:
        raise NetworkError(f"{folder}: expected the folder of a network, such as RUN/networks/stage-1: "
                           f"{error.filename} is not there") from None
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise NetworkError(f"{folder}: {type(error).__name__}: {error}") from None

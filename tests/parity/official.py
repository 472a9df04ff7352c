#!/usr/bin/env python3
"""Confusion matrices and IoUs of random label pictures, by the official package and by parity.

usage: official.py PARITY    exits with 77 where cityscapesscripts or numpy is not installed
"""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from safetensors_file import write

try:
    import numpy as np
    from PIL import Image
    from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official
    from cityscapesscripts.helpers.labels import id2label
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

IGNORE = 250
EVALUATED = sorted(label for label in id2label if label >= 0 and not id2label[label].ignoreInEval)
IGNORED = [label for label in id2label if label >= 0 and id2label[label].ignoreInEval]


def labels(random, categories, size):
    """Patches of categories, some pixels of the truth ignored."""
    truth = np.kron(random.choice(categories, (size[0] // 4 + 1, size[1] // 4 + 1)), np.ones((4, 4), int))
    truth = truth[:size[0], :size[1]]
    prediction = np.where(random.random(size) < 0.6, truth, random.choice(categories, size))
    return np.where(random.random(size) < 0.1, random.choice(IGNORED, size), truth), prediction


def evaluate(pairs, folder):
    """The official confusion matrix over the evaluated labels, and their IoUs."""
    matrix = official.generateMatrix(official.args)
    statistics = official.generateInstanceStats(official.args)
    for i, pair in enumerate(pairs):
        names = [str(folder / f"{name}{i}.png") for name in ("truth", "prediction")]
        for name, values in zip(names, pair):
            Image.fromarray(values.astype(np.uint8)).save(name)
        official.evaluatePair(names[1], names[0], matrix, statistics, {}, official.args)
    iou = [official.getIouScoreForLabel(label, matrix, official.args) for label in EVALUATED]
    return matrix[np.ix_(EVALUATED, EVALUATED)], [-1.0 if np.isnan(value) else value for value in iou]


def as_category(ids):
    table = np.full(256, IGNORE)
    table[EVALUATED] = np.arange(len(EVALUATED))
    return table[ids]


def write_case(seed, folder):
    random = np.random.default_rng(seed)
    # Some categories are absent from all pictures, some from the truth alone.
    present = random.choice(EVALUATED, len(EVALUATED) - seed % 5, replace=False)
    pairs = [labels(random, present, (17 + 3 * i, 23)) for i in range(3)]
    if seed % 2:
        pairs = [(np.where(truth == present[0], IGNORED[0], truth), prediction) for truth, prediction in pairs]
    official.args.evalInstLevelScore = False
    with contextlib.redirect_stdout(io.StringIO()):
        confusion, iou = evaluate(pairs, folder)
    tensors = {"confusion": ("I64", list(confusion.shape), [int(n) for n in confusion.flat]),
               "official_iou": ("F64", [len(iou)], iou)}
    for i, pair in enumerate(pairs):
        for name, ids in zip(("gt", "pred"), pair):
            tensors[f"{name}{i}"] = ("I64", list(ids.shape), [int(n) for n in as_category(ids).flat])
    case = {"kind": "g metrics", "n_classes": len(EVALUATED)}
    (folder / f"official_{seed}.json").write_text(json.dumps(case))
    write(folder / f"official_{seed}.safetensors", tensors)


def main():
    with tempfile.TemporaryDirectory() as name:
        for seed in range(10):
            write_case(seed, Path(name))
        return subprocess.run([sys.argv[1]], env=dict(os.environ, CAG_GOLDEN=name)).returncode


if __name__ == "__main__":
    sys.exit(main())

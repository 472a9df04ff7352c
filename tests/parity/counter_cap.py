#!/usr/bin/env python3
"""Writes cases/counter_cap.json and .safetensors: anchors whose counters pass 3000, by plain arithmetic.

One category fills each image of 4 x 4 pixels, so that a class mean is the image's only feature vector.
"""
import json
from pathlib import Path

from safetensors_file import write

CAP, START = 3000, 2998
ANCHORS = [[1.0, -2.0, 0.5], [4.0, 0.25, 8.0]]
IMAGES = [(0, [2.0, 1.0, 0.0]), (0, [3.0, -1.0, 4.0]), (0, [-5.0, 2.0, 1.0]), (1, [0.5, 0.5, 0.5])]


def flat(rows):
    return [value for row in rows for value in row]


def main():
    single, double = {}, {}
    for i, (category, vector) in enumerate(IMAGES):
        single[f"img{i}.features"] = ("F32", [1, 3, 4, 4], [v for v in vector for _ in range(16)])
        single[f"img{i}.logits"] = ("F32", [1, 2, 4, 4], [float(k == category) for k in range(2) for _ in range(16)])
        single[f"img{i}.label_full"] = ("I64", [1, 4, 4], [category] * 16)
    count = len(IMAGES)
    single["update_class"] = ("I64", [count], [category for category, _ in IMAGES])
    single["update_vector"] = ("F32", [count, 3], flat(vector for _, vector in IMAGES))
    single["anchors_start"] = ("F32", [2, 3], flat(ANCHORS))
    single["counts_start"] = ("I64", [2], [START, 0])

    anchors, counts = [list(row) for row in ANCHORS], [START, 0]
    rows, row_counts, count_after = [], [], []
    for category, vector in IMAGES:
        n = counts[category]
        anchors[category] = [(a * n + v) / (n + 1) for a, v in zip(anchors[category], vector)]
        counts[category] = min(n + 1, CAP)
        rows.append(list(anchors[category]))
        row_counts.append(counts[category])
        count_after.append(list(counts))
    double["mean.row_after"] = ("F64", [count, 3], flat(rows))
    double["mean.final_anchors"] = ("F64", [2, 3], flat(anchors))
    single["mean.count_after"] = ("I64", [count], row_counts)
    single["mean.count_after_image"] = ("I64", [count, 2], flat(count_after))

    description = {
        "kind": "c class mean vectors + anchor updates",
        "origin": "plain arithmetic, see counter_cap.py",
        "runs": {"mean": {"mode_argument": "mean", "anchors_start": "anchors_start", "counts_start": "counts_start"}},
    }
    cases = Path(__file__).resolve().parent / "cases"
    (cases / "counter_cap.json").write_text(json.dumps(description, indent=1) + "\n")
    write(cases / "counter_cap.safetensors", single)
    write(cases / "counter_cap_f64.safetensors", double)


if __name__ == "__main__":
    main()

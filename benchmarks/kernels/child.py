"""A contestant of another package, in a process of its own: child.py faiss|inductor, started by the C++ programs.

Each line of standard input is a request in JSON, answered by a line of JSON: `prepare` reads a case from files and
makes ready, `repeat` runs a form once and says what CPU time of this process and what wall time that took, `save`
writes its last result. Ends with its input.
"""

import json
import os
import pathlib
import sys
import time

import torch

MARGIN, IGNORE, THRESHOLD = 2.5, 250, 0.95


def read(case, name, *sizes, dtype=torch.float32):
    path = pathlib.Path(case["folder"]) / name
    count = torch.Size(sizes).numel()
    return torch.from_file(str(path), shared=False, size=count, dtype=dtype).clone().view(sizes)


def maps_of(case, name, channels, dtype):
    """[channels, pixels] contiguous, or the transposed view of [pixels, channels]."""
    pixels = case["height"] * case["width"]
    if case["layout"] == "channels_last":
        return read(case, name, pixels, channels, dtype=dtype).t()
    return read(case, name, channels, pixels, dtype=dtype)


def features_of(case):
    return maps_of(case, "features", case["channels"], getattr(torch, case["element"]))


def label_by(nearest, second, category):
    return torch.where(second - nearest >= MARGIN, category, IGNORE)


class Faiss:
    """The two nearest anchors by a flat index, from rows; a contiguous map is transposed first."""

    def __init__(self, case):
        import faiss
        faiss.omp_set_num_threads(case["threads"])
        self.versions = {"faiss": faiss.__version__}
        self.features = features_of(case)
        self.index = faiss.IndexFlatL2(case["channels"])
        self.index.add(read(case, "anchors", case["categories"], case["channels"]).numpy())
        self.forms = {"IndexFlatL2": self.search}

    def search(self):
        rows = self.features.t().float().contiguous().numpy()
        squared, category = self.index.search(rows, 2)
        nearest, second = torch.from_numpy(squared).sqrt().unbind(1)
        return label_by(nearest, second, torch.from_numpy(category[:, 0]))


def compiled_assign(case):
    features = features_of(case)
    anchors = read(case, "anchors", case["categories"], case["channels"])
    factors, squares = -2 * anchors, anchors.square().sum(1)
    order = torch.arange(case["categories"])

    def two_nearest(scores):
        """Along the categories, which come first."""
        nearest, category = scores.min(0)
        second = torch.where(order[:, None] == category, torch.inf, scores).amin(0)
        return nearest, second, category

    def product(features, factors, squares):
        wide = features.float()
        scores = (wide.t() @ factors.t()).t() if rows else factors @ wide
        nearest, second, category = two_nearest(scores + squares[:, None])
        own = wide.square().sum(0)
        return label_by((nearest + own).clamp_min(0).sqrt(), (second + own).clamp_min(0).sqrt(), category)

    def direct(features, anchors):
        distances = (features.float()[None] - anchors[:, :, None]).square().sum(1).sqrt()
        return label_by(*two_nearest(distances))

    rows = case["layout"] == "channels_last"
    product, direct = torch.compile(product), torch.compile(direct)
    return {"GEMM": lambda: product(features, factors, squares), "direct": lambda: direct(features, anchors)}


class Inductor:
    """torch.compile of the best forms of the operator in PyTorch."""

    OPERATORS = {"assign": compiled_assign}

    def __init__(self, case):
        torch.set_num_threads(case["threads"])
        torch._dynamo.reset()
        self.versions = {"PyTorch": torch.__version__}
        self.forms = self.OPERATORS[case["operator"]](case)


def main():
    # What a package prints is no answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    package = {"faiss": Faiss, "inductor": Inductor}[sys.argv[1]]
    runner, results = None, {}
    for line in sys.stdin:
        request = json.loads(line)
        answer = {}
        if request["do"] == "prepare":
            torch.set_num_threads(request["threads"])
            runner, results = package(request), {}
            with torch.no_grad():
                for form in runner.forms.values():
                    form()
            answer = runner.versions
        elif request["do"] == "repeat":
            form = runner.forms[request["form"]]
            wall, cpu = time.perf_counter(), time.process_time()
            with torch.no_grad():
                result = form()
            answer = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
            results[request["form"]] = result
        else:
            pathlib.Path(request["path"]).write_bytes(results[request["form"]].contiguous().numpy().tobytes())
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

"""A contestant of another package, in a process of its own: child.py faiss|inductor, started by the C++ programs.

Each line of standard input is a request in JSON, answered by a line of JSON: `prepare` reads a case from files and
makes ready, `repeat` runs a form once and says what CPU time of this process and what wall time that took, `save`
writes its last result. Ends with its input. A process serves one case.
"""

import json
import os
import pathlib
import sys
import time

import torch

MARGIN, IGNORE, THRESHOLD, FEWEST_PIXELS = 2.5, 250, 0.95, 10


class Case:
    """The files of a case. Maps are [channels, pixels], contiguous or the transposed view of channels-last ones."""

    def __init__(self, request):
        self.folder = pathlib.Path(request["folder"])
        self.channels, self.categories = request["channels"], request["categories"]
        self.pixels = request["height"] * request["width"]
        self.rows = request["layout"] == "channels_last"
        self.element = getattr(torch, request["element"])

    def read(self, name, *sizes, dtype=torch.float32):
        count = torch.Size(sizes).numel()
        return torch.from_file(str(self.folder / name), shared=False, size=count, dtype=dtype).clone().view(sizes)

    def map(self, name, channels, dtype):
        if self.rows:
            return self.read(name, self.pixels, channels, dtype=dtype).t()
        return self.read(name, channels, self.pixels, dtype=dtype)

    def features(self):
        return self.map("features", self.channels, self.element)

    def anchors(self):
        return self.read("anchors", self.categories, self.channels)

    def logits(self, element=torch.float32):
        return self.map("logits", self.categories, element)

    def labels(self):
        return self.read("labels", self.pixels, dtype=torch.int64)


def label_by(nearest, second, category):
    return torch.where(second - nearest >= MARGIN, category, IGNORE)


def two_nearest(scores):
    """Along the categories, which come first."""
    nearest, category = scores.min(0)
    order = torch.arange(scores.shape[0])
    second = torch.where(order[:, None] == category, torch.inf, scores).amin(0)
    return nearest, second, category


@torch.compile
def assign_by_product(features, factors, squares, rows):
    wide = features.float()
    scores = (wide.t() @ factors.t()).t() if rows else factors @ wide
    nearest, second, category = two_nearest(scores + squares[:, None])
    own = wide.square().sum(0)
    return label_by((nearest + own).clamp_min(0).sqrt(), (second + own).clamp_min(0).sqrt(), category)


@torch.compile
def assign_directly(features, anchors):
    distances = (features.float()[None] - anchors[:, :, None]).square().sum(1).sqrt()
    return label_by(*two_nearest(distances))


def members(logits, labels):
    """[categories, pixels] float: 1 where label and prediction are the category."""
    order = torch.arange(logits.shape[0])
    return ((labels == order[:, None]) & (logits.argmax(0) == labels)).float()


@torch.compile
def class_sums(features, logits, labels):
    hot = members(logits, labels)
    return hot @ features.float().t(), hot.sum(1)


@torch.compile
def alignment_loss(features, logits, labels, anchors):
    hot = members(logits, labels)
    counts = hot.sum(1)
    enough = counts >= FEWEST_PIXELS
    means = hot @ features.float().t() / counts.clamp_min(1)[:, None]
    # The gradient of a mean is that of the sum, up to a constant.
    scale = 2 * counts[:, None] / features.shape[1]
    means = means.detach() + (means - means.detach()) * scale
    each = torch.nn.functional.smooth_l1_loss(means, anchors, reduction="none").mean(1)
    return 10 * (each * enough).sum() / enough.sum()


@torch.compile
def argmax_threshold(logits):
    probability, category = logits.float().softmax(0).max(0)
    return torch.where(probability > THRESHOLD, category, IGNORE)


def inductor_assign(case):
    features, anchors = case.features(), case.anchors()
    factors, squares = -2 * anchors, anchors.square().sum(1)
    return {"GEMM": lambda: assign_by_product(features, factors, squares, case.rows),
            "direct": lambda: assign_directly(features, anchors)}


def inductor_class_sums(case):
    features, logits, labels = case.features(), case.logits(), case.labels()
    return {"one-hot GEMM": lambda: class_sums(features, logits, labels)[0]}


def inductor_alignment(case):
    logits, labels, anchors = case.logits(), case.labels(), case.anchors()
    features = case.features().requires_grad_()

    def gradient():
        with torch.enable_grad():
            loss = alignment_loss(features, logits, labels, anchors)
        found = torch.autograd.grad(loss, features)[0].float()
        return found.t() if case.rows else found

    return {"one-hot GEMM": gradient}


def inductor_argmax_threshold(case):
    logits = case.logits(case.element)
    return {"softmax, max": lambda: argmax_threshold(logits)}


INDUCTOR = {"assign": inductor_assign, "class_sums": inductor_class_sums, "alignment": inductor_alignment,
            "argmax_threshold": inductor_argmax_threshold}


def faiss_assign(case, threads):
    """From rows: a contiguous map is transposed first."""
    import faiss
    faiss.omp_set_num_threads(threads)
    features = case.features()
    index = faiss.IndexFlatL2(case.channels)
    index.add(case.anchors().numpy())

    def search():
        rows = features.t().float().contiguous().numpy()
        squared, category = index.search(rows, 2)
        nearest, second = torch.from_numpy(squared).sqrt().unbind(1)
        return label_by(nearest, second, torch.from_numpy(category[:, 0]))

    return {"IndexFlatL2": search}


def prepare(package, request):
    """The versions and the forms."""
    torch.set_num_threads(request["threads"])
    if package == "inductor":
        return {"PyTorch": torch.__version__}, INDUCTOR[request["operator"]](Case(request))
    import faiss
    return {"faiss": faiss.__version__}, faiss_assign(Case(request), request["threads"])


def answers_to(package, requests):
    forms, results = {}, {}
    for line in requests:
        request = json.loads(line)
        with torch.no_grad():
            if request["do"] == "prepare":
                versions, forms = prepare(package, request)
                results = {name: form() for name, form in forms.items()}
                yield {"versions": versions, "forms": list(forms)}
            elif request["do"] == "repeat":
                name = request["form"]
                wall, cpu = time.perf_counter(), time.process_time()
                result = forms[name]()
                yield {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
                results[name] = result
            else:
                pathlib.Path(request["path"]).write_bytes(results[request["form"]].contiguous().numpy().tobytes())
                yield {}


def main():
    # What a package prints is no answer.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for answer in answers_to(sys.argv[1], sys.stdin):
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()

"""The goals of cag::kernels, of one thread: ratios of minima of CPU time in one process."""

PUBLISHED = "published formula"
# The published program keeps its features so.
PUBLISHED_AS_STORED = "published formula, float32 contiguous"
MEGABYTE = 1e6
ARITHMETIC, READ = "peak: subtract, multiply-add", "peak: read the features"
# What an operator cannot be faster than.
PEAKS_OF = {"assign": [ARITHMETIC, READ], "class_sums": [READ]}
# What is said of a goal that even who only reads the features misses.
OUT_OF_REACH = "out of reach of the memory"


def contestant(case, name):
    return next((one for one in case["contestants"] if one["name"] == name), None)


def times_faster(case, *prefixes):
    """The ratio to the fastest of those whose names begin so; None where there is none."""
    others = [min(one["cpu"]) for one in case["contestants"][1:] if one["name"].startswith(prefixes)]
    return min(others) / min(case["contestants"][0]["cpu"]) if others else None


def times_published(case):
    name = PUBLISHED_AS_STORED if contestant(case, PUBLISHED_AS_STORED) else PUBLISHED
    return times_faster(case, name)


def share_of_peak(case, name):
    peak = contestant(case, name)
    if peak is None:
        return None
    pixels = case["height"] * case["width"]
    if name == ARITHMETIC:
        work = pixels * case["channels"] * case["categories"]
    else:
        work = pixels * case["channels"] * (2 if case["element"] == "bfloat16" else 4)
    return work / min(case["contestants"][0]["cpu"]) / (peak["notes"]["work"] / min(peak["cpu"]))


def by_bare_read(case):
    """The case of an operator that takes as long as to read its features; None if that is not known."""
    peak = contestant(case, READ)
    return None if peak is None else case | {"contestants": [peak, *case["contestants"][1:]]}


def extra_megabytes(case):
    value = case["contestants"][0]["notes"].get("extra memory")
    return None if value is None or value != value else value / MEGABYTE


def wrong_labels(case):
    notes = case["contestants"][0]["notes"]
    return sum(value for key, value in notes.items() if key.startswith("differing, clear"))


def at_least(bound):
    return lambda value: value >= bound, f">= {bound}"


def at_most(bound):
    return lambda value: value <= bound, f"<= {bound}"


FLOAT, HALF = "float32", "bfloat16"
CONTIGUOUS, LAST = "contiguous", "channels_last"
BEST = ("cdist", "GEMM", "inductor")
# operator, sizes, layouts, element, memory, what, measure, bound
GOALS = [
    ("assign", "AB", [CONTIGUOUS], FLOAT, "default", "times the published formula", times_published, at_least(250)),
    ("assign", "AB", [CONTIGUOUS], FLOAT, "default", "times the best of cdist, GEMM, inductor",
     lambda case: times_faster(case, *BEST), at_least(5)),
    ("assign", "AB", [CONTIGUOUS], FLOAT, "default", "of the peak of arithmetic",
     lambda case: share_of_peak(case, ARITHMETIC), at_least(0.7)),
    ("assign", "AB", [LAST], FLOAT, "default", "times the published formula", times_published, at_least(150)),
    ("assign", "AB", [LAST], FLOAT, "default", "times faiss", lambda case: times_faster(case, "faiss"), at_least(2)),
    ("assign", "C", [CONTIGUOUS], FLOAT, "default", "times the published formula", times_published, at_least(80)),
    ("assign", "C", [CONTIGUOUS], FLOAT, "default", "times the best of all",
     lambda case: times_faster(case, *BEST, "faiss"), at_least(2.5)),
    ("assign", "A", [CONTIGUOUS, LAST], HALF, "default", "times the published formula in float32", times_published,
     at_least(200)),
    ("assign", "ABC", [CONTIGUOUS, LAST], FLOAT, "default", "labels that differ clear of the margin", wrong_labels,
     at_most(0)),
    ("assign", "ABC", [CONTIGUOUS, LAST], HALF, "default", "labels that differ clear of the margin", wrong_labels,
     at_most(0)),
    ("assign", "AB", [CONTIGUOUS, LAST], FLOAT, "default", "MB of extra memory", extra_megabytes, at_most(1)),
    ("class_sums", "AB", [CONTIGUOUS], FLOAT, "default", "times the published formula", times_published, at_least(150)),
    ("class_sums", "AB", [CONTIGUOUS], FLOAT, "default", "times inductor",
     lambda case: times_faster(case, "inductor"), at_least(4)),
    ("class_sums", "AB", [CONTIGUOUS, LAST], FLOAT, "default", "MB of extra memory", extra_megabytes, at_most(1)),
    ("alignment", "A", [CONTIGUOUS], FLOAT, "default", "times the published formula", times_published, at_least(90)),
    ("alignment", "A", [CONTIGUOUS], FLOAT, "kept", "times one-hot GEMM under autograd",
     lambda case: times_faster(case, "one-hot GEMM"), at_least(5)),
    ("argmax_threshold", "AB", [CONTIGUOUS], FLOAT, "default", "times the published formula", times_published,
     at_least(25)),
    ("argmax_threshold", "AB", [CONTIGUOUS], FLOAT, "default", "times inductor",
     lambda case: times_faster(case, "inductor"), at_least(4)),
]


def judged(case, what, measure, met):
    """What was measured, what a bare read would give where the goal is a ratio of times, and the verdict."""
    value = measure(case)
    bare = by_bare_read(case) if what.startswith("times") else None
    best = None if bare is None else measure(bare)
    if value is None:
        return value, best, "not measured"
    if met(value):
        return value, best, "met"
    return value, best, "MISSED" if best is None or met(best) else f"MISSED, {OUT_OF_REACH}"


def check(results):
    """Prints each goal beside what was measured; whether none is missed."""
    missed = []
    print("## Goals, one thread\n\n| operator | case | goal | measured | by a bare read of the features | |\n"
          "|---|---|---|---|---|---|")
    for operator, sizes, layouts, element, memory, what, measure, (met, bound) in GOALS:
        for case in results.get(operator, []):
            if (case["size"] not in sizes or case["layout"] not in layouts or case["element"] != element
                    or case["threads"] != 1 or case["memory"] != memory):
                continue
            where = f"{case['size']}, {case['layout'].replace('_', '-')}, {element}"
            where += ", memory kept" * (memory == "kept")
            value, best, verdict = judged(case, what, measure, met)
            numbers = " | ".join("" if number is None else f"{number:.3g}" for number in (value, best))
            print(f"| {operator} | {where} | {bound} {what} | {numbers} | {verdict} |")
            if verdict.startswith("MISSED"):
                missed.append(f"{operator} {where}: {bound} {what}, got {value:.3g}{verdict.removeprefix('MISSED')}")
    print("\nMissed:\n* " + "\n* ".join(missed) if missed else "\nNo goal that was measured is missed.")
    return not missed

"""Groups headers into few files that still show that each compiles by itself, and prints them as lines of `a;b;c`.

usage: chains.py INCLUDE_DIR HEADER...

In a file that includes a, then b, b is as good as alone when it includes, itself or by what it includes, all that a
does: then nothing is there that b does not bring.
"""

import pathlib
import re
import sys

include, headers = pathlib.Path(sys.argv[1]), sys.argv[2:]


def direct(header):
    path = include / header
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', path.read_text(), re.MULTILINE) if path.exists() else []


def closure(header):
    seen, todo = {header}, [header]
    while todo:
        for name in direct(todo.pop()):
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return seen


everything = {header: closure(header) for header in headers}
chains = []
for header in sorted(headers, key=lambda header: (len(everything[header]), header)):
    ends = [chain for chain in chains if everything[chain[-1]] <= everything[header]]
    if ends:
        max(ends, key=lambda chain: len(everything[chain[-1]])).append(header)
    else:
        chains.append([header])
for chain in chains:
    print(";".join(chain))

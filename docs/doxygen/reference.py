"""Makes the reference of the public headers, and holds it to be whole.

usage: reference.py SOURCE_DIR OUTPUT_DIR [DOXYGEN]    exits with 77 where there is no Doxygen

Each warning of Doxygen is an error, except of a member that docs/reference.md describes once for all its uses, and of one
that the comment of its class describes by name.
"""
import pathlib
import re
import shutil
import subprocess
import sys

source, output = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
doxygen = sys.argv[3] if len(sys.argv) > 3 and sys.argv[3] else shutil.which("doxygen")
if not doxygen or doxygen.endswith("NOTFOUND"):
    print("skipped: doxygen is not installed")
    sys.exit(77)

rows = re.findall(r"^\| (.+?) \| .* \|$", (source / "docs/reference.md").read_text(), re.MULTILINE)
described = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
UNDOCUMENTED = re.compile(r"Member (operator ?\S+?(?=\()|~?\w+).* of (?:class|struct|namespace|file) (.+) is not documented\.$")


def comment_of(path, owner):
    """The words before the declaration of a class."""
    words, comment = [], False
    for line in path.read_text().splitlines():
        if line.lstrip().startswith("///"):
            words = words + line.split("///", 1)[1].split() if comment else line.split("///", 1)[1].split()
            comment = True
        elif re.match(rf"\s*(?:struct|class) {re.escape(owner)}\b(?!;)", line):
            return " ".join(words)
        elif line.strip() and not re.match(r"\s*(?:template|requires)\b|\s{4,}", line):
            words, comment = [], False
        else:
            comment = False
    return ""


def excused(warning):
    found = UNDOCUMENTED.search(warning)
    if not found:
        return False
    name, owner = found.groups()
    owner = re.sub(r"<.*", "", owner).strip().split("::")[-1]
    if name in described or name == owner or ") -> " in warning:  # a deduction guide
        return True
    path = pathlib.Path(warning.split(":")[0])
    return re.search(rf"\b{name}s?\b", comment_of(path, owner)) is not None


def bare_concepts():
    """Doxygen 1.9.4 lists a concept without a comment, and does not warn."""
    for path in sorted((source / "include").rglob("*.hpp")):
        if "detail" in path.parts:
            continue
        lines, hidden = path.read_text().splitlines(), False
        for number, line in enumerate(lines):
            if line.startswith(("namespace detail", "}  // namespace detail")):
                hidden = line.startswith("namespace")
            if hidden or not line.startswith("concept "):
                continue
            first = number
            while first > 0 and not lines[first].startswith("template"):
                first -= 1
            if not lines[first - 1].startswith("///"):
                yield f"{path}:{number + 1}: concept {line.split()[1]} is not documented."


shutil.rmtree(output, ignore_errors=True)
output.mkdir(parents=True)
configuration = (source / "docs/doxygen/Doxyfile").read_text() + f'\nOUTPUT_DIRECTORY = "{output}"\n'
made = subprocess.run([doxygen, "-"], cwd=source, input=configuration, text=True, capture_output=True)
if made.returncode != 0:
    sys.exit(f"{doxygen}: exit {made.returncode}\n{made.stderr}")
# A message goes on in indented lines.
warnings = re.sub(r"\n\s+", " ", made.stderr).strip().splitlines()
faults = [warning for warning in warnings if not excused(warning)] + list(bare_concepts())
print("\n".join(faults) or f"{output / 'html/index.html'}: whole")
sys.exit(bool(faults))

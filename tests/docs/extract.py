"""Makes one C++ program of the ```cpp blocks of Markdown pages, which runs them in order.

usage: extract.py SOURCE_DIR OUTPUT PAGE...

A page is a namespace: what one block declares, the next may use. In a block, declarations (types, templates,
functions, concepts) go to the namespace and statements into a function of the block's own; a block with `int main` is
a program and is run as one. `<!-- given: at::Tensor x = ...; -->` before a block gives it what its reader has at hand;
`<!-- compile only -->` keeps a block from running; `<!-- not compiled -->` leaves it out (a signature, an excerpt).
Compiler messages name the page and line.
"""

import pathlib
import re
import sys

DECLARATION = re.compile(
    r"(?:\[\[.*?\]\]\s*)?(?:template\b|struct\b|class\b|enum\b|union\b|concept\b|namespace\b|using\b|static_assert\b|"
    r"inline\b|extern\b|typedef\b|TORCH_MODULE\b|"
    r"(?:constexpr\s+|static\s+)*[\w:<>,&*\s]+?[\s&*]\w+\s*\([^;{}=]*\)\s*(?:const\s*)?(?:noexcept\s*)?(?:->[^;{}]*)?\{)",
    re.DOTALL)
KEYWORDS = re.compile(r"(?:if|for|while|switch|do|try|else|return|throw|catch)\b")
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|[(){}\[\];]', re.DOTALL)


def chunks(code):
    """Splits code into top-level declarations and statements, as (offset, text)."""
    start, depth = 0, 0
    for token in TOKEN.finditer(code):
        text = token.group()
        if text in "([{":
            depth += 1
        elif text in ")]}":
            depth -= 1
        ends = text == ";" or text == "}" and not re.match(r"\s*[;,.)(]", code[token.end():])
        if depth == 0 and ends:
            yield start, code[start:token.end()]
            start = token.end()
    if code[start:].strip():
        yield start, code[start:]


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL).strip()


def blocks(page):
    """Yields (line, code, given, mode) for each C++ block of a page."""
    given, mode, code, start, fence = [], "run", None, 0, ""
    for number, line in enumerate(page.read_text().splitlines(), 1):
        stripped = line.strip()
        if code is not None:
            if stripped == fence:
                if mode != "not compiled":
                    yield start, "\n".join(code) + "\n", given, mode
                given, mode, code = [], "run", None
            else:
                code.append(line)
        elif match := re.match(r"(`{3,})(?:cpp|c\+\+)\b", stripped):
            fence, code, start = match.group(1), [], number + 1
        elif match := re.match(r"<!--\s*given:\s*(.*?)\s*-->$", stripped):
            given.append((number, match.group(1)))
        elif match := re.match(r"<!--\s*(compile only|not compiled)\s*-->$", stripped):
            mode = match.group(1)
    if code is not None:
        sys.exit(f"{page}:{start}: a code block that does not end")


def main(root, output, pages):
    includes, body, calls = {}, [], []
    for page_index, page in enumerate(pages):
        name = page.relative_to(root).as_posix()
        body.append(f"namespace page_{page_index} {{\n")
        for start, code, given, mode in blocks(page):
            for match in re.finditer(r"^\s*#\s*include\s*(\S+).*$", code, re.MULTILINE):
                includes.setdefault(match.group(1), f'{name}:{start}')
            code = re.sub(r"^[ \t]*#[ \t]*(?:include|pragma once)[^\n]*", "", code, flags=re.MULTILINE)
            function = f"block_{start}"
            statements = []
            for line, text in given:
                (body if DECLARATION.match(text) else statements).append(f'#line {line} "{name}"\n{text}\n')
            if re.search(r"\bint\s+main\s*\(", code):
                arguments = re.search(r"\bint\s+main\s*\(\s*(?:void)?\s*\)", code)
                # Only main may end without a return.
                program = "".join(re.sub(r"\}\s*$", "return 0; }\n", text) if re.search(r"\bint\s+main\s*\(", text) else text
                                  for _, text in chunks(code))
                program = re.sub(r"\bint\s+main\s*\(", "int run_main(", program)
                body.append(f'namespace program_{start} {{\n#line {start} "{name}"\n{program}\n}}\n')
                call = "run_main()" if arguments else 'run_main(1, std::array{program.data(), (char*)nullptr}.data())'
                statements.append(f'std::string program = "{name}";\nif (program_{start}::{call} != 0) '
                                  f'throw std::runtime_error("main returned a failure");\n(void)program;\n')
            else:
                for offset, text in chunks(code):
                    bare = without_comments(text)
                    if not bare:
                        continue
                    line = start + code[:offset].count("\n")
                    piece = f'#line {line} "{name}"\n{text}\n'
                    local = bare.startswith(("using ", "static_assert")) or KEYWORDS.match(bare)
                    if DECLARATION.match(bare) and not (local and statements):
                        body.append(piece)
                    else:
                        statements.append(piece)
            body.append(f'[[maybe_unused]] void {function}() {{\n{"".join(statements)}}}\n')
            if mode == "run":
                calls.append(f'    {{"{name}:{start}", page_{page_index}::{function}}},\n')
        body.append("}\n")

    # A page's block may leave out what the page includes elsewhere, and what everybody has.
    if calls:
        includes.setdefault("<cag/cag.hpp>", "")
        includes.setdefault("<ATen/ATen.h>", "")
    standard = ["array", "cstdio", "exception", "stdexcept", "string", "vector"]
    lines = [f"#include {include}\n" for include in includes] + [f"#include <{name}>\n" for name in standard]
    lines += body
    lines.append("struct Block {\n  const char* place;\n  void (*run)();\n};\n")
    lines.append(f"const std::vector<Block> kBlocks = {{\n{''.join(calls)}}};\n")
    lines.append("""
int main() {
  for (const auto& [place, run] : kBlocks) {
    std::fprintf(stderr, "%s\\n", place);
    try {
      run();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\\n", place, error.what());
      return 1;
    }
  }
  std::printf("%zu blocks ran\\n", kBlocks.size());
}
""")
    output.write_text("".join(lines))


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), [pathlib.Path(page) for page in sys.argv[3:]])

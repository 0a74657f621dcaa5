"""interop/c/README.md: its lines of C are understood by a compiler, with the header that they name.

What they do is shown by the examples, which tests/interop builds and runs.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.docs.conftest import Reading
from tests.docs.page import ROOT
from tests.worlds.parts import part


def test_the_lines_of_c_are_a_program(reading: Reading, tmp_path: Path) -> None:
    with reading("interop/c/README.md") as reader:
        include, _, lines = reader.take("#include").partition("\n")
    program = f'{include}\n#include <stdio.h>\n#define FINGERPRINT "00"\nint main(void) {{\n{lines}return 0;\n}}\n'
    (tmp_path / "page.c").write_text(program)
    (header,) = (ROOT / "interop" / "c").rglob("muster.h")
    words = [part("gcc"), "-std=c11", "-Wall", "-Werror", "-fsyntax-only", "-I", str(header.parent), "page.c"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

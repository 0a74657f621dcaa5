"""docs/tutorial.md, typed as it stands, in a network of its own where its ports are free.

`python -m tests.docs.tutorial CHECKOUT` prints how many commands it typed. What the page shows as printed must have been printed.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.docs.page import Block, blocks
from tests.docs.reader import KEY, Reader

PAGE = "docs/tutorial.md"
REFUSED = ["for n in 1 2 3 4; do muster client --home machine-$n activate; done"]
"""As the page says: the first four are below the threshold, and that is right."""


class Typist:
    """Types each line, and pastes the key that was printed last where one is asked for."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.key = ""
        self.typed = 0
        self.refused: list[str] = []

    def type(self, line: str) -> str:
        said = self.reader.run(line, typed=f"{self.key}\n", code=None)
        if found := KEY.search(said):
            self.key = found[0]
        if self.reader.code:
            self.refused.append(line)
        self.typed += 1
        return said

    def follow(self, block: Block, services: ExitStack) -> str:
        """One block; what it printed, or where it listens."""
        said = ""
        for line in self.reader.take(block.first).splitlines():
            if line.endswith(" serve") or " serve " in line:
                said += f"listening on {services.enter_context(self.reader.serving(line))}\n"
                self.typed += 1
            else:
                said += self.type(line)
        return said


def follow(checkout: Path) -> int:
    """Read the page to its end; how many commands were typed."""
    typist, said = Typist(Reader(PAGE, checkout)), ""
    with ExitStack() as services:
        for block in blocks(PAGE):
            if block.language == "text":
                missing = [line for line in typist.reader.take(block.first).splitlines() if line not in said]
                assert missing == [], f"{missing} is not in:\n{said}"
            else:
                said = typist.follow(block, services)
        typist.reader.done()
        assert typist.reader.run('realpath -s "$(command -v muster)"').strip() == str(
            checkout / ".venv" / "bin" / "muster"
        )
    assert typist.refused == REFUSED, typist.refused
    return typist.typed


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(follow(Path(sys.argv[1])))  # noqa: T201 - what the test reads

from __future__ import annotations

import pytest

from muster.base.entropy import Entropy, SystemEntropy
from tests.worlds.entropy import SeededEntropy


@pytest.mark.parametrize("entropy", [SystemEntropy(), SeededEntropy()], ids=["system", "seeded"])
def test_chance_comes_in_the_size_asked_for_and_does_not_repeat(entropy: Entropy) -> None:
    assert [len(entropy.token(size)) for size in (0, 1, 16, 100)] == [0, 1, 16, 100]
    assert len({entropy.token(16) for _ in range(100)}) == 100
    assert all(0 <= entropy.fraction() < 1 for _ in range(100))
    assert len({entropy.fraction() for _ in range(100)}) == 100


def test_seeded_chance_is_the_same_in_every_run() -> None:
    assert SeededEntropy(7).token(40) == SeededEntropy(7).token(40)
    assert SeededEntropy(7).token(40) != SeededEntropy(8).token(40)

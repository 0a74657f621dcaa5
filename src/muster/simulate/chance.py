"""Chance in a simulation: the seed decides, so that a scenario comes to the same every time. Never for keys of anybody real."""

from __future__ import annotations

from random import Random  # noqa: TID251 - what is wanted here is chance that repeats itself


class Chance(Random):
    """Made with a seed."""

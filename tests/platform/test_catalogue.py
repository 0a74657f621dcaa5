"""Texts in several languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from muster.platform.pages import Catalogue
from muster.vendor.web.site import HERE, LANGUAGES

CATALOGUE = Catalogue(HERE / "texts", LANGUAGES)
USED = re.compile(r'\bt\("([a-z_.]+)"[,)]')
# English messages of failures come with the failure itself.
TRANSLATED_ONLY = re.compile(r"error\.[A-Z_]+\.(message|hint)")


def test_every_language_has_every_text() -> None:
    english = CATALOGUE.keys("en")
    for language in LANGUAGES[1:]:
        theirs = {key for key in CATALOGUE.keys(language) if not TRANSLATED_ONLY.fullmatch(key)}
        assert theirs == english


@pytest.mark.parametrize("key", sorted(CATALOGUE.keys("en")))
def test_every_text_fills_in_the_same_values(key: str) -> None:
    values = {language: sorted(re.findall(r"{(\w+)}", CATALOGUE.find(language, key) or "")) for language in LANGUAGES}
    assert len(set(map(tuple, values.values()))) == 1


def test_templates_use_texts_that_exist() -> None:
    folders = (HERE / "templates", Path(__file__).parents[2] / "src/muster/platform/pages/templates")
    used = {key for folder in folders for file in folder.glob("*.html") for key in USED.findall(file.read_text())}
    assert len(used) > 40
    assert used <= CATALOGUE.keys("en")


def test_a_failure_has_both_sentences_in_each_translation() -> None:
    for language in LANGUAGES[1:]:
        codes = {key.rsplit(".", 1)[0] for key in CATALOGUE.keys(language) if TRANSLATED_ONLY.fullmatch(key)}
        assert codes
        for code in codes:
            assert CATALOGUE.find(language, f"{code}.message")
            assert CATALOGUE.find(language, f"{code}.hint")

"""The portal as strangers meet it."""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
import segno
from PIL import Image

from muster.trust.humanid import format_installation, parse_confirmation
from muster.vendor import app as vendor
from muster.wire.armour import ACTIVATION_REQUEST, armour
from muster.wire.confirmation import decode_confirmation_file, encode_installation_file
from tests.worlds.vendor_site import AcmeSite, Browser, plain
from tests.worlds.vendor_world import BANK, hardware, host, machine, packed

GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def site(tmp_path: Path) -> AcmeSite:
    return AcmeSite(tmp_path)


@pytest.fixture
def browser(site: AcmeSite) -> Browser:
    return site.stranger()


@pytest.fixture(scope="module")
def anybody(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """A browser at a site that no test changes."""
    return AcmeSite(tmp_path_factory.mktemp("acme")).stranger()


@pytest.fixture
def digits(site: AcmeSite) -> str:
    """The installation id of a machine with a multiple activation key."""
    return format_installation(machine(site.acme.mak(), hardware(1)))


def picture_of(text: str, kind: str = "png") -> bytes:
    drawn = io.BytesIO()
    segno.make(text).save(drawn, kind="png", scale=6, border=4)
    taken = io.BytesIO()
    Image.open(drawn).convert("RGB").rotate(8, expand=True, fillcolor="grey").save(taken, kind)
    return taken.getvalue()


def confirmation_on(page: str) -> bytes:
    found = re.search(r'<code class="copy">(\d+)</code>', page)
    assert found, page
    return parse_confirmation(found[1])


def test_digits_that_are_typed_are_confirmed(site: AcmeSite, browser: Browser, digits: str) -> None:
    page = browser.post("/", data={"typed": digits.replace("-", " ")})
    assert page.status_code == 200
    assert confirmation_on(page.text) == vendor.confirm(site.acme.vendor, digits).packed


def test_the_file_the_code_and_the_mail_say_the_same(site: AcmeSite, browser: Browser, digits: str) -> None:
    page = browser.post("/", data={"typed": digits})
    done = vendor.confirm(site.acme.vendor, digits)
    file = re.search(r'href="data:text/plain;charset=us-ascii,([^"]+)"', page.text)
    assert file
    assert decode_confirmation_file(unquote(file[1])) == (done.installation, done.packed)
    mail = re.search(r'href="(mailto:[^"]+)"', page.text)
    assert mail
    assert done.digits in unquote(mail[1])
    assert digits in unquote(mail[1])
    assert "<svg" in page.text


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_photograph_of_the_code_is_read(browser: Browser, digits: str, kind: str) -> None:
    page = browser.post("/", files={"file": ("photo", picture_of(digits, kind))})
    assert confirmation_on(page.text)


def test_a_file_and_its_text_are_read(site: AcmeSite, browser: Browser) -> None:
    text = encode_installation_file(packed(host(site.acme.host_key(), 1)))
    uploaded = browser.post("/", files={"file": ("id.txt", text)})
    pasted = browser.post("/", data={"typed": f"Dear vendor,\n{text}\nBye"})
    assert confirmation_on(uploaded.text) == confirmation_on(pasted.text)
    assert "Its certificate has the serial 1." in plain(uploaded)


def test_a_wrong_digit_is_shown_in_its_group_and_corrected_there(browser: Browser, digits: str) -> None:
    groups = digits.split("-")
    right, groups[3] = groups[3], groups[3][:2] + str((int(groups[3][2]) + 1) % 10) + groups[3][3:]
    page = browser.post("/", data={"typed": " ".join(groups)})
    assert page.status_code == 422
    assert page.text.count('aria-invalid="true"') == 1
    assert "Group 4: typing error" in plain(page)
    assert "INSTALLATION_ID_MALFORMED" in page.text
    groups[3] = right
    assert confirmation_on(browser.post("/", data={"group": groups}).text)


def test_a_digit_too_few_spoils_its_own_group_only(browser: Browser, digits: str) -> None:
    groups = digits.split("-")
    groups[6] = groups[6][:-1]
    page = browser.post("/", data={"typed": "-".join(groups)})
    assert "Group 7: typing error" in plain(page)
    assert page.text.count('aria-invalid="true"') == 1


def test_groups_that_are_missing_are_asked_for(browser: Browser, digits: str) -> None:
    groups = digits.split("-")
    page = browser.post("/", data={"typed": "-".join(groups[:8])})
    assert "Group 9: missing" in plain(page)
    left_out = browser.post("/", data={"group": [*groups[:4], "", *groups[5:]]})
    assert "Group 5: missing" in plain(left_out)
    assert left_out.text.count('aria-invalid="true"') == 1


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hello",
        "1",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "7" * 1990,
        "١٢٣٤٥٦٧" * 10,
        "\0\x1b[2J",
        "9" * 70_000,
    ],
)
def test_nonsense_gets_a_clear_answer(anybody: Browser, typed: str) -> None:
    page = anybody.post("/", data={"typed": typed})
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("photo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 500, "PICTURE_UNREADABLE"),
        ("photo.jpg", b"\xff\xd8\xff" + b"\0" * 500, "PICTURE_UNREADABLE"),
        ("photo.heic", b"\0\0\0\x18ftypheic" + b"\0" * 500, "PICTURE_UNREADABLE"),
        ("photo.png", picture_of("https://example.com/"), "PICTURE_UNREADABLE"),
        ("photo.png", picture_of(armour(ACTIVATION_REQUEST, b"x" * 40)), "MESSAGE_MALFORMED"),
        (
            "id.txt",
            b"-----BEGIN MUSTER INSTALLATION ID-----\nAAAA\n-----END MUSTER INSTALLATION ID-----",
            "MESSAGE_MALFORMED",
        ),
        ("id.txt", b"x" * 100_000, "MESSAGE_MALFORMED"),
        ("id.txt", bytes(range(128, 256)), "MESSAGE_MALFORMED"),
        ("big.jpg", b"\xff\xd8" + b"\0" * (21 * 1024 * 1024), "MESSAGE_MALFORMED"),
    ],
)
def test_a_file_that_is_nothing_gets_a_clear_answer(anybody: Browser, name: str, data: bytes, code: str) -> None:
    page = anybody.post("/", files={"file": (name, data)})
    assert page.status_code == 422
    assert code in page.text


@pytest.mark.parametrize("size", [(19_000, 19_000), (4100, 4100), (20_001, 1)])
def test_a_picture_that_unfolds_into_gigabytes_is_not_unfolded(anybody: Browser, size: tuple[int, int]) -> None:
    bomb = io.BytesIO()
    Image.new("1", size).save(bomb, "png")
    assert len(bomb.getvalue()) < 100_000
    page = anybody.post("/", files={"file": ("bomb.png", bomb.getvalue())})
    assert "The picture has too many pixels" in plain(page)


def test_refusals_keep_what_was_typed_and_cost_nothing(site: AcmeSite, browser: Browser) -> None:
    key = site.acme.mak(activations=1)
    first, second = (format_installation(machine(key, hardware(n))) for n in (1, 2))
    assert browser.post("/", data={"typed": first}).status_code == 200
    page = browser.post("/", data={"typed": second})
    assert page.status_code == 409
    assert "KEY_EXHAUSTED" in page.text
    assert second in page.text
    assert browser.post("/", data={"typed": first}).status_code == 200, "the same again is free"
    assert site.acme.row(key).used == 1


def test_a_seventh_host_replaces_one_that_is_gone(site: AcmeSite, browser: Browser) -> None:
    key = site.acme.host_key()
    for number in range(6):
        assert browser.post("/", data={"typed": format_installation(host(key, number))}).status_code == 200
    seventh = format_installation(host(key, 6))
    assert "HOST_LIMIT_REACHED" in browser.post("/", data={"typed": seventh}).text
    assert "replaces is not a number" in plain(browser.post("/", data={"typed": seventh, "replaces": "x"})).lower()
    page = browser.post("/", data={"typed": seventh, "replaces": "2"})
    assert "Its certificate has the serial 7." in plain(page)


def test_a_blocked_customer_is_told_in_german(site: AcmeSite, browser: Browser, digits: str) -> None:
    vendor.block_organisation(site.acme.vendor, BANK, blocked=True)
    page = browser.post("/", data={"typed": digits}, headers=GERMAN)
    assert "Der Kunde ist gesperrt." in plain(page)
    assert "ORGANISATION_BLOCKED" in page.text


@pytest.mark.parametrize(
    ("path", "accepted", "language"),
    [
        ("/", "de-AT,de;q=0.9,en;q=0.5", "de"),
        ("/", "en;q=0.5,de;q=0.9", "de"),
        ("/", "fr,it", "en"),
        ("/", "de;q=x,,;q=", "en"),
        ("/", "", "en"),
        ("/?lang=de", "en", "de"),
        ("/?lang=xx", "de", "de"),
    ],
)
def test_the_language_is_the_browsers_or_the_one_asked_for(
    anybody: Browser, path: str, accepted: str, language: str
) -> None:
    page = anybody.get(path, headers={"accept-language": accepted})
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language


def test_the_language_that_was_asked_for_stays(browser: Browser, digits: str) -> None:
    assert 'action="/?lang=de"' in browser.get("/?lang=de").text
    assert "Der Rechner ist bestätigt." in plain(browser.post("/?lang=de", data={"typed": digits}))
    assert "<script>" not in browser.get('/?lang="><script>').text


def test_a_stranger_gets_no_cookie_and_nothing_runs_or_is_kept_in_caches(browser: Browser, digits: str) -> None:
    for page in (browser.get("/"), browser.post("/", data={"typed": digits}), browser.post("/", data={"typed": "x"})):
        assert "set-cookie" not in page.headers
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self' data:;")
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert not re.search(r"<script|\son\w+=|style=|https?://(?!www\.w3\.org)", page.text)


def test_what_pages_load_is_served_here(anybody: Browser) -> None:
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', anybody.get("/").text):
        assert anybody.get(address).status_code == 200

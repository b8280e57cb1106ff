"""Addresses that submissions name: only allowed places, only public hosts, bounded, never elsewhere."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from thammuu.errors import BadInputError
from thammuu.intake.submission_fetch import FETCH_LIMITS, FetchLimits, _is_public, fetch
from thammuu.intake.submission_patience import Patience
from thammuu.intake.submission_places import allowed, places_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTING = "https://files.example.org/scores s3://bucket/in/ internal+http://10.0.0.5:8080/"
QUICK = FetchLimits(file_bytes=1_000, answer_s=0.5, in_all_s=1.0, tries=2, pause_s=0.01)
SLACK_S = 3.0
"""For a machine that has other work."""


@pytest.mark.parametrize(
    "uri",
    [
        "https://files.example.org/scores/a.csv",
        "https://FILES.example.org:443/scores/2022/a.csv?signature=x",
        "s3://bucket/in/a.csv",
        "http://10.0.0.5:8080/anything",
    ],
)
def test_an_address_below_an_allowed_place_is_allowed(uri: str) -> None:
    _address, internal = allowed(uri, places_of(SETTING))
    assert internal == uri.startswith("http://10.")


@pytest.mark.parametrize(
    "uri",
    [
        "https://files.example.org/scores",
        "https://files.example.org/scores-of-others/a.csv",
        "https://files.example.org/scores/../secret",
        "https://files.example.org/scores/%2e%2e/secret",
        "https://files.example.org/scores/%252e%252e/secret",
        "https://files.example.org/scores/..%2fsecret",
        "https://files.example.org/scores/..\\secret",
        "https://files.example.org/scores//a.csv",
        "http://files.example.org/scores/a.csv",
        "https://files.example.org:8443/scores/a.csv",
        "https://files.example.org.evil.example/scores/a.csv",
        "https://files.example.org@evil.example/scores/a.csv",
        "https://user@files.example.org/scores/a.csv",
        "https://evil.example/https://files.example.org/scores/a.csv",
        "https://files.example.org/scores/a.csv#x",
        "https://files.example.org/scores/a b.csv",
        "https://files.example.org/scores/a.csv\r\nX: y",
        "https://files.example.org:port/scores/a.csv",
        "https://[::1/scores/a.csv",
        "//files.example.org/scores/a.csv",
        "file:///etc/passwd",
        "ftp://files.example.org/scores/a.csv",
        "s3://bucket/out/a.csv",
        "s3://bucket/in/a.csv?versionId=1",
        "s3://other/in/a.csv",
        "",
    ],
)
def test_any_other_address_is_refused(uri: str) -> None:
    with pytest.raises(BadInputError) as caught:
        allowed(uri, places_of(SETTING))
    assert [problem.code for problem in caught.value.problems] == ["uri-not-allowed"]


def test_nothing_is_allowed_unless_the_operator_says_so() -> None:
    with pytest.raises(BadInputError):
        allowed("https://files.example.org/scores/a.csv", places_of(""))


def test_every_place_that_is_none_is_named() -> None:
    with pytest.raises(BadInputError) as caught:
        places_of("https://a.example/ ftp://b.example/ https:///x internal+s3://bucket/ c.example")
    assert [problem.value for problem in caught.value.problems] == [
        "ftp://b.example/", "https:///x", "internal+s3://bucket/", "c.example",
    ]  # fmt: skip


def test_a_signature_is_not_repeated() -> None:
    with pytest.raises(BadInputError) as caught:
        allowed("https://evil.example/a.csv?signature=secret", places_of(SETTING))
    assert [problem.value for problem in caught.value.problems] == ["https://evil.example/a.csv"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.1.2.3", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_public_addresses_count_as_public(address: str, *, public: bool) -> None:
    assert _is_public(address) is public


over = threading.Event()
"""The end of a test, also for a host that has no other."""


class Host(BaseHTTPRequestHandler):
    """A host that is large, slow, broken or away for a while."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/later" and self.asked.count("/later") == 1:
            self.send_error(503)
            return
        if self.path == "/headers":
            self.drip(b"HTTP/1.1 200 OK\r\nX: ")
            return
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "/large")
        if self.path == "/short":
            self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"x" * (2_000 if self.path == "/large" else 10))
        if self.path == "/slow":
            self.drip(b"")

    def drip(self, first: bytes) -> None:
        """Say something all the time, and never come to an end."""
        self.wfile.write(first)
        while not over.wait(0.1):
            self.wfile.write(b"x")

    def log_message(self, *said: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *said: object) -> None:
        """Say nothing of clients that hang up."""


@pytest.fixture
def host() -> Iterator[str]:
    Host.asked.clear()
    over.clear()
    server = Quiet(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def silent() -> Iterator[str]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def fetched(uri: str, path: Path, place: str, limits: FetchLimits = QUICK, patience: Patience | None = None) -> str:
    """Return why a file was refused; nothing if it was fetched."""
    try:
        fetch(uri, places_of(place), path / "file", limits, patience)
    except BadInputError as error:
        return error.problems[0].code
    return ""


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("plain", ""),
        ("later", ""),
        ("large", "too-large"),
        ("moved", "uri-refused"),
        ("short", "uri-unreachable"),
        ("slow", "uri-unreachable"),
        ("headers", "uri-unreachable"),
    ],
)
def test_a_host_is_asked_within_bounds(host: str, tmp_path: Path, name: str, code: str) -> None:
    begun = time.monotonic()
    assert fetched(f"{host}/{name}", tmp_path, f"internal+{host}/") == code
    assert time.monotonic() - begun < QUICK.in_all_s + SLACK_S
    tries = {"later": 2, "short": 2}
    assert Host.asked == [f"/{name}"] * tries.get(name, 1)


def test_an_internal_host_is_not_even_asked_unless_the_operator_says_that_it_is_one(host: str, tmp_path: Path) -> None:
    assert fetched(f"{host}/plain", tmp_path, f"{host}/") == "uri-internal"
    named = host.replace("127.0.0.1", "localhost")
    assert fetched(f"{named}/plain", tmp_path, f"{named}/") == "uri-internal"
    assert Host.asked == []


def test_a_host_that_is_silent_or_away_is_given_up(tmp_path: Path) -> None:
    with silent() as place:
        assert fetched(f"{place}/a", tmp_path, f"internal+{place}/") == "uri-unreachable"
    assert fetched(f"{place}/a", tmp_path, f"internal+{place}/") == "uri-unreachable"


def test_a_name_that_is_looked_up_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    # the system's own look-up cannot be made to hang
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_more: ended.wait(20) and [])
    begun = time.monotonic()
    assert fetched("http://files.example/a", tmp_path, "http://files.example/") == "uri-unreachable"
    assert time.monotonic() - begun < QUICK.in_all_s + SLACK_S
    ended.set()


def test_what_a_host_has_cost_counts_for_all_its_files_until_it_has_rested() -> None:
    patience = Patience(in_all_s=10.0, rests_s=0.3)
    patience.wasted("a", 4.0)
    patience.wasted("a", 5.0)
    patience.wasted("a", 0.5)
    patience.wasted("b", 2.0)
    assert [patience.left(one) for one in "abc"] == [1.0, 8.0, 10.0]
    patience.rewarded("b")
    assert patience.left("b") == 10.0
    time.sleep(0.4)
    assert patience.left("a") == 10.0


def test_a_host_that_has_used_up_its_time_is_not_asked_at_all(host: str, tmp_path: Path) -> None:
    patience = Patience(QUICK.in_all_s)
    told = []
    for name in ("slow", "plain", "slow"):
        with pytest.raises(BadInputError) as refused:
            fetch(f"{host}/{name}", places_of(f"internal+{host}/"), tmp_path / "file", QUICK, patience)
        told.append(refused.value.problems[0].expected)
    assert "not all of it within 1 s" in told[0]
    assert all("it has kept others waiting" in one for one in told[1:])
    assert Host.asked == ["/slow"]
    other = host.replace("127.0.0.1", "localhost")
    assert fetched(f"{other}/plain", tmp_path, f"internal+{other}/", patience=patience) == ""


@pytest.mark.long
def test_a_host_that_never_ends_costs_half_a_minute(host: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    assert fetched(f"{host}/headers", tmp_path, f"internal+{host}/", FETCH_LIMITS) == "uri-unreachable"
    assert time.monotonic() - begun < 30.0 + SLACK_S

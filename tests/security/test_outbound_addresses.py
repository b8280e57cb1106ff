"""The way out: only to allowed hosts, at addresses of the Internet unless told otherwise, no further, within bounds."""

from __future__ import annotations

import http.client
import logging
import socket
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests

from servers.http_sink import HttpSink, Reply, Request, http_sink
from thammuu.delivery.hosts import allowed_of, host_of, is_inside, is_public
from thammuu.delivery.outbound import Exchange, Limits, RefusedAddressError, outbound_of
from thammuu.errors import BadInputError
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUICK = Limits(connect_s=1.0, read_s=1.0, whole_s=0.5, answer_bytes=1_000)
HOSTS = "chat.example.org, *.gov.vn, 93.184.215.14, [2606:2800:21f::1], 127.0.0.1, bộ.example"
HOME = {"delivery_hosts": "localhost,127.0.0.1", "delivery_private_hosts": "localhost,127.0.0.1"}


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.example.org/hook",
        "https://CHAT.example.org:8443/hook?x=1",
        "https://chat.example.org./hook",
        "https://so.hanam.gov.vn/hook",
        "https://93.184.215.14/hook",
        "https://[2606:2800:21f:0::1]/hook",
        "https://bộ.example/hook",
    ],
)
def test_a_configured_host_is_allowed(url: str) -> None:
    assert allowed_of(Settings(delivery_hosts=HOSTS)).fault_of(url) is None


def test_a_name_in_unicode_is_the_same_as_its_ascii_form() -> None:
    allowed = allowed_of(Settings(delivery_hosts="BỘ.example"))
    assert host_of("bộ.example") == host_of("BỘ.example") == host_of("ｂộ.example")
    assert allowed.fault_of(f"https://{host_of('bộ.example')}/") is None
    assert allowed.fault_of("https://bo.example/") is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://gov.vn/hook",
        "https://evilgov.vn/hook",
        "https://chat.example.org.evil.example/hook",
        "https://a.chat.example.org/hook",
        "http://chat.example.org/hook",
        "https://user@chat.example.org/hook",
        "https://chat.example.org@evil.example/hook",
        "https://chat.example.org\\@evil.example/hook",
        "https://evil.example\\.gov.vn/hook",
        "https://chat.example.org:0/hook",
        "https://chat.example.org:99999/hook",
        "https://chat.example.org/ho ok",
        "https://chat.example.org/hook\r\nX: y",
        "ftp://chat.example.org/hook",
        "file:///etc/passwd",
        "//chat.example.org/hook",
        "https:///hook",
        "",
        "https://2130706433/hook",
        "https://0177.0.0.1/hook",
        "https://0x7f.0.0.1/hook",
        "https://0x7f000001/hook",
        "https://127.1/hook",
        "https://127.0.0.1./hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://[fe80::1%25eth0]/hook",
        "https://１２７.０.０.１/hook",
        "https://①②⑦.0.0.1/hook",
    ],
)
def test_any_other_address_is_refused_without_asking_anybody(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_options: pytest.fail("a name was looked up"))
    assert allowed_of(Settings(delivery_hosts=HOSTS.replace("127.0.0.1, ", ""))).fault_of(url)


def test_nothing_is_allowed_unless_the_operator_says_so() -> None:
    assert allowed_of(Settings()).fault_of("https://chat.example.org/hook")


def test_every_entry_that_is_no_host_is_named() -> None:
    with pytest.raises(BadInputError) as caught:
        allowed_of(
            Settings(
                delivery_hosts="a.example, https://b.example, *, *.vn, 0x7f.1, c.example:8443",
                delivery_private_hosts="d.example, *.a.example, a.example",
            )
        )
    assert [problem.value for problem in caught.value.problems] == [
        "https://b.example", "*", "*.vn", "0x7f.1", "c.example:8443", "d.example", "*.a.example",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("127.255.0.9", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  an address, not a binding
        ("192.0.0.170", False),
        ("192.0.2.1", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("203.0.113.7", False),
        ("168.63.129.16", False),
        ("224.0.0.1", False),
        ("239.255.255.250", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("2606:2800:21f::1%eth0", False),
        ("fec0::1", False),
        ("fd00::1", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d70e", False),
        ("64:ff9b:1::a00:1", False),
        ("100::1", False),
        ("2001::7f00:1", False),
        ("2001:db8::1", False),
        ("2002:7f00:1::", False),
        ("3fff::1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_internet_count_as_public(address: str, *, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.2.3", True),
        ("172.31.255.9", True),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("fd00::1", True),
        ("93.184.215.14", False),
        ("169.254.169.254", False),
        ("100.100.100.200", False),
        ("168.63.129.16", False),
        ("0.0.0.0", False),  # noqa: S104  an address, not a binding
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("172.32.0.1", False),
        ("fe80::1", False),
        ("fd00::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:10.1.2.3", False),
        ("64:ff9b::a01:203", False),
        ("::", False),
        ("localhost", False),
    ],
)
def test_a_host_inside_has_an_address_of_the_own_network_and_no_stranger_one(address: str, *, inside: bool) -> None:
    assert is_inside(address) is inside


def test_no_platform_gives_its_keys_to_a_host_that_may_lie_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("169.254.169.254", "168.63.129.16", "100.100.100.200"):
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, found=found, **_options: found)
        inside = {"delivery_hosts": "chat.inside.example", "delivery_private_hosts": "chat.inside.example"}
        exchange, status = post("http://chat.inside.example/latest/meta-data", inside)
        assert (status, exchange.refused) == (0, "the host has an address of the own network")


def post(url: str, settings: dict[str, str], limits: Limits = QUICK) -> tuple[Exchange, int]:
    """Post as a chat library would, which knows nothing of the guard."""
    with outbound_of(Settings(**settings), limits).exchange() as exchange:
        try:
            return exchange, requests.post(url, data=b"body", timeout=30).status_code
        except requests.RequestException:
            return exchange, 0


def test_a_host_of_the_own_network_is_reached_only_where_the_operator_says_so() -> None:
    with http_sink() as sink:
        url = f"http://localhost:{sink.port}/"
        assert post(url, HOME)[1] == 200
        asked = sink.connections
        exchange, status = post(url, {"delivery_hosts": "localhost"})
        assert (status, sink.connections) == (0, asked)
        assert "TLS" in exchange.refused
        exchange, status = post(url.replace("http:", "https:"), {"delivery_hosts": "localhost"})
        assert (status, sink.connections) == (0, asked)
        assert exchange.refused == "the host has an address of the own network"
        assert not exchange.handed


def test_a_name_that_changes_its_address_is_checked_when_it_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = []

    def rebinding(host: str, port: int, *_asked: Any, **_options: Any) -> list[Any]:  # noqa: ANN401
        looked_up.append(host)
        address = "93.184.215.14" if len(looked_up) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with http_sink() as sink:
        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        assert is_public(socket.getaddrinfo("rebinding.example", 443)[0][4][0])  # what a check beforehand would see
        exchange, status = post(f"https://rebinding.example:{sink.port}/", {"delivery_hosts": "rebinding.example"})
    assert (status, sink.connections) == (0, 0)
    assert looked_up == ["rebinding.example"] * 2
    assert exchange.refused == "the host has an address of the own network"


def test_a_redirect_is_not_followed_even_by_a_library_that_would() -> None:
    def answer(request: Request) -> Reply:
        return Reply(307, {"Location": "/elsewhere"}) if request.path == "/" else Reply()

    with http_sink(answer) as sink:
        exchange, status = post(f"http://localhost:{sink.port}/", HOME)
    assert status == 307
    assert [one.path for one in sink.requests] == ["/"]
    assert [one.status for one in exchange.replies] == [307]


def test_a_large_answer_is_read_no_further_than_its_limit() -> None:
    with http_sink(lambda _request: Reply(body=b"x" * 1_000_000, times=50)) as sink:
        exchange, status = post(f"http://localhost:{sink.port}/", HOME)
    assert status == 200
    assert len(exchange.replies[0].body) == 1_000


def test_an_answer_in_drops_is_cut_off() -> None:
    with http_sink(lambda _request: Reply(body=b"x", times=100, drop_s=0.2)) as sink:
        begun = time.monotonic()
        exchange, status = post(f"http://localhost:{sink.port}/", HOME)
        took_s = time.monotonic() - begun
    assert took_s < 15  # it would have taken 20
    assert [one.status for one in exchange.replies] == [200]
    assert status in {0, 200}


def test_a_head_in_drops_is_cut_off_too() -> None:
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        sock, _address = listening.accept()
        with sock, suppress(OSError):
            sock.sendall(b"HTTP/1.1 200 OK\r\n")
            for _line in range(150):
                sock.sendall(b"X: y\r\n")
                over.wait(0.1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=[listening])
        thread.start()
        begun = time.monotonic()
        exchange, status = post(f"http://localhost:{listening.getsockname()[1]}/", HOME)
        took_s = time.monotonic() - begun
        over.set()
        thread.join()
    assert took_s < 10  # it would have taken 15
    # the status line came; what was cut looks like an end to the library
    assert (status, exchange.cut, exchange.replies[0].whole) == (200, True, False)


def test_a_packed_answer_is_not_unpacked() -> None:
    with http_sink(lambda _request: Reply(headers={"Content-Encoding": "gzip"}, body=b"\x1f\x8b not really")) as sink:
        exchange, status = post(f"http://localhost:{sink.port}/", HOME)
    assert status == 200
    assert exchange.replies[0].body == b"\x1f\x8b not really"
    assert sink.requests[0].headers["Accept-Encoding"] == "identity"


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_sink() as sink, http_sink() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert post(f"http://localhost:{sink.port}/", HOME)[1] == 200
    assert (len(sink.requests), proxy.connections) == (1, 0)


def test_no_password_of_the_account_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("default login operator password CANARY\n", "utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with http_sink() as sink:
        assert post(f"http://localhost:{sink.port}/", HOME)[1] == 200
        requests.post(f"http://localhost:{sink.port}/", timeout=5)
    assert ["Authorization" in one.headers for one in sink.requests] == [False, True]


def test_a_name_with_endless_silent_addresses_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listening, ExitStack() as full:
        port = listening.getsockname()[1]
        # nobody takes these: a further connection waits for ever
        for _turn in range(8):
            sock = full.enter_context(socket.socket())
            sock.settimeout(0)
            sock.connect_ex(("127.0.0.1", port))
        many = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))] * 200
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_options: tried.append("once") or many)
        begun = time.monotonic()
        exchange, status = post(f"http://localhost:{port}/", HOME, Limits(connect_s=0.2, whole_s=0.2))
        took_s = time.monotonic() - begun
    assert (status, exchange.cut, exchange.handed, tried) == (0, True, False, ["once"])
    assert took_s < 20  # it would have taken 40


def by_socket(sink: HttpSink) -> None:
    with socket.create_connection(("127.0.0.1", sink.port), timeout=5):
        pass


def by_name(sink: HttpSink) -> None:
    with socket.socket() as sock:
        sock.connect(("localhost", sink.port))


def by_http_client(sink: HttpSink) -> None:
    http.client.HTTPConnection("127.0.0.1", sink.port, timeout=5).request("POST", "/", b"x")


def by_unix_socket(_sink: HttpSink) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect("/run/any.sock")


@pytest.mark.parametrize("way", [by_socket, by_name, by_http_client, by_unix_socket])
def test_a_library_that_goes_another_way_does_not_get_out(way: Callable[[HttpSink], None]) -> None:
    with http_sink() as sink:
        with outbound_of(Settings(**HOME)).exchange() as exchange, pytest.raises(RefusedAddressError):
            way(sink)
        assert sink.connections == 0
    assert exchange.refused


def test_outside_of_an_exchange_everything_is_as_ever() -> None:
    outbound_of(Settings(**HOME))
    with http_sink(lambda request: Reply(302, {"Location": "/b"}) if request.path == "/a" else Reply()) as sink:
        assert requests.get(f"http://127.0.0.1:{sink.port}/a", timeout=5).text == "ok"
        by_socket(sink)


def test_no_token_of_an_address_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with http_sink() as sink:
        assert post(f"http://localhost:{sink.port}/bot123:CANARY-TOKEN/sendMessage", HOME)[1] == 200
        post("https://localhost:1/CANARY-TOKEN", HOME)
    assert "CANARY-TOKEN" not in caplog.text

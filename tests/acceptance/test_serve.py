"""``thammuu serve``: scores in over HTTP; findings, memos and events out."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import EXAMPLES
from prometheus_client.parser import text_string_to_metric_families

from servers.program import API, Answer, Server, command, environment, served

if TYPE_CHECKING:
    from collections.abc import Iterator

PAPI = (EXAMPLES / "papi" / "papi-2022.csv").read_bytes()
ASKED = {"index": "papi", "period": "2022", "published_on": "2023-04-12"}
SIPAS = (EXAMPLES / "sipas" / "sipas-2021.csv").read_bytes()
ASKED_SIPAS = {"index": "sipas", "period": "2021", "partial": "true"}
STOPS_WITHIN_S = 15.0


def form(file: bytes, name: str, **fields: str) -> tuple[bytes, dict[str, str]]:
    parts = [f'--x\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{one}\r\n' for key, one in fields.items()]
    head = f'--x\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = "".join([*parts, head]).encode() + file + b"\r\n--x--\r\n"
    return body, {"content-type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Answer]]:
    """A server that has taken PAPI 2022 from a form, and its answer."""
    with served(environment(tmp_path_factory.mktemp("served") / "data")) as server:
        body, headers = form(PAPI, "papi-2022.csv", **ASKED)
        answer = server.ask("POST", f"{API}/publications", body, headers)
        server.until_handled("papi-2022-r1")
        yield server, answer


@pytest.fixture(scope="module")
def server(first: tuple[Server, Answer]) -> Server:
    return first[0]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the command prints of the same file, and its events: id → type, subject, data."""
    env = environment(tmp_path_factory.mktemp("embedded") / "data")
    file = EXAMPLES / "papi" / "papi-2022.csv"
    options = [part for name, value in ASKED.items() for part in (f"--{name.replace('_', '-')}", value)]
    printed = command(env, "publish", file, *options, "--format", "json")
    assert printed.returncode == 0, printed.stderr
    events = json.loads(command(env, "events", "--format", "json").stdout)
    return json.loads(printed.stdout), {one["id"]: (one["type"], one["subject"], one["data"]) for one in events}


def test_a_form_is_accepted_with_what_publish_prints(
    first: tuple[Server, Answer], embedded: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    _server, answer = first
    assert (answer.status, answer.headers["location"]) == (202, f"{API}/publications/papi-2022-r1")
    pending = {"findings": 0, "memos": 0}
    assert answer.json() == embedded[0] | pending


def test_what_follows_is_what_the_command_would_have_written(
    server: Server, embedded: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    found = [one["event"] for one in server.items("/events", limit=50)]
    assert {one["id"]: (one["type"], one["subject"], one["data"]) for one in found} == embedded[1]
    now = server.get("/publications/papi-2022-r1").json()
    assert (now["findings"], now["memos"]) == (embedded[0]["findings"], embedded[0]["memos"])


def test_the_same_scores_again_change_nothing(server: Server) -> None:
    before = len(server.items("/events"))
    answer = server.publish(PAPI, **ASKED)
    assert (answer.status, answer.json()["changed"]) == (200, False)
    assert len(server.items("/events")) == before


def test_a_wrong_file_is_refused_with_every_error_and_its_place(server: Server) -> None:
    lines = PAPI.decode().splitlines()
    lines[3] = lines[3].replace(lines[3].split(",")[0], "Atlantis", 1)
    lines[5] = ",".join([*lines[5].split(",")[:-1], "high"])
    body, headers = form("\n".join(lines).encode(), "../điểm số.csv", **ASKED)
    answer = server.ask("POST", f"{API}/publications", body, headers)
    told = answer.json()
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (told["type"], told["title"], told["status"]) == ("about:blank", "Unprocessable Entity", 422)
    assert {one["file"] for one in told["problems"]} == {"điểm số.csv"}
    assert {4, 6} <= {one["row"] for one in told["problems"]}
    assert all(one["expected"] for one in told["problems"])
    assert "thammuu-upload" not in answer.body.decode()
    assert len(server.items("/publications")) == 1


def test_wrong_parameters_are_all_named(server: Server) -> None:
    answer = server.publish(PAPI, period="2022", published_on="tomorrow", colour="red")
    assert answer.status == 422
    assert {one["column"] for one in answer.json()["problems"]} == {"index", "published_on", "colour"}
    twice = server.ask("POST", f"{API}/publications?index=papi&index=sipas&period=2022", PAPI)
    assert twice.status == 422
    body, headers = form(PAPI, "x.csv", index="papi", period="2022")
    assert server.ask("POST", f"{API}/publications", body, headers, period="2021").status == 422


@pytest.mark.parametrize("body", [b"", b"--x\r\n", b"--x--\r\n", b"\0" * 100])
def test_a_form_that_is_none_is_refused(server: Server, body: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = server.ask("POST", f"{API}/publications", body, headers, **ASKED)
    assert answer.status in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/publications", "/findings", "/memos", "/events", "/publications/papi-2022-r1/facts"]
)
def test_the_parts_of_a_list_make_the_whole(server: Server, path: str) -> None:
    whole = server.items(path, limit=500)
    assert len(whole) > 0
    assert server.items(path, limit=37) == whole


def test_lists_can_be_narrowed(server: Server) -> None:
    findings = server.items("/findings", index="papi", period="2022", unit="Hà Nam")
    assert {one["unit_name"] for one in findings} == {"Hà Nam"}
    assert [one["unit_name"] for one in server.items("/memos", round="2023", unit="Hà Nam")] == ["Hà Nam"]
    assert server.items("/memos", round="1999") == []
    kinds = {one["event"]["type"] for one in server.items("/events", type="scores.published")}
    assert kinds == {"scores.published"}
    assert server.get("/findings", unit="Atlantis").status == 422
    assert server.get("/findings", severity="huge").status == 422
    assert server.get("/memos", cursor="!").status == 422
    assert server.get("/events", limit=0).status == 422


@pytest.mark.parametrize(
    ("ending", "media", "start"),
    [
        ("", "application/json", b"{"),
        (".pdf", "application/pdf", b"%PDF-"),
        (".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK"),
        (".html", "text/html; charset=utf-8", b"<!doctype html"),
        (".txt", "text/plain; charset=utf-8", b""),
    ],
)
def test_a_memo_comes_in_every_format_and_only_once(server: Server, ending: str, media: str, start: bytes) -> None:
    path = f"/memos/ha-nam-2023{ending}"
    answer = server.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, media)
    assert answer.body.lower().startswith(start.lower())
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    again = server.ask("GET", f"{API}{path}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    english = server.get(path, language="en")
    assert english.status == 200
    assert english.body != answer.body


def test_what_is_not_there_is_not_found(server: Server) -> None:
    for path in ("/publications/papi-1999-r1", "/memos/atlantis-2023", "/memos/atlantis-2023.pdf", "/nothing"):
        answer = server.get(path)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert server.get("/memos/ha-nam-2023", version=99).status == 404
    assert server.get("/memos/ha-nam-2023.html", version=1).status == 200
    assert server.ask("PATCH", f"{API}/publications").status == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "scores.example"},
        {"host": "localhost.scores.example"},
        {"origin": "https://scores.example"},
        {"origin": "null"},
    ],
)
def test_a_page_of_another_site_is_kept_out(server: Server, headers: dict[str, str]) -> None:
    answer = server.ask("POST", f"{API}/publications", PAPI, headers, **ASKED)
    assert (answer.status, answer.headers["content-type"]) == (403, "application/problem+json")
    assert server.ask("GET", f"{API}/memos", headers=headers).status == 403


def test_the_figures_are_those_of_prometheus(server: Server) -> None:
    families = {one.name: one for one in text_string_to_metric_families(server.ask("GET", "/metrics").body.decode())}
    assert families["thammuu_publications"].type == "counter"
    accepted = [one.value for one in families["thammuu_publications"].samples if one.labels == {"outcome": "accepted"}]
    assert accepted == [1.0]
    routes = {one.labels["route"] for one in families["thammuu_http_requests"].samples}
    assert {f"{API}/memos/{{memo_id}}.pdf", f"{API}/publications", "unmatched"} <= routes
    assert not any("ha-nam" in one for one in routes)
    handled = {one.labels["consumer"] for one in families["thammuu_events_handled"].samples}
    assert {"analysis", "memos", "rendering"} <= handled
    stages = families["thammuu_stage_duration_seconds"]
    counts = {
        (one.labels["consumer"], one.labels["step"]): one.value for one in stages.samples if one.name.endswith("_count")
    }
    assert counts["memos", "handle"] == 63
    assert families["thammuu_ledger_behind"].samples[0].value == 0


def test_a_command_on_the_servers_folder_goes_through_the_server(server: Server, tmp_path: Path) -> None:
    env = environment(data_of(server))
    file = EXAMPLES / "papi" / "papi-2021.csv"
    asked = ("--index", "papi", "--period", "2021", "--published-on", "2022-05-10")
    printed = command(env, "publish", file, *asked, "--format", "json")
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout)["findings"] > 0
    assert server.get("/publications/papi-2021-r1").json()["status"] == "stands"
    broken = tmp_path / "broken.csv"
    broken.write_text("nothing", encoding="utf-8")
    refused = command(env, "publish", broken, *asked)
    assert refused.returncode == 2
    assert "broken.csv" in refused.stderr
    withdrawn = command(env, "publish", "--withdraw", "papi-2021-r1", "--reason", "a test")
    assert withdrawn.returncode == 0, withdrawn.stderr
    assert server.ask("DELETE", f"{API}/publications/papi-2021-r1", reason="again").status == 409
    assert server.ask("DELETE", f"{API}/publications/papi-1999-r1", reason="none").status == 404
    assert server.ask("DELETE", f"{API}/publications/papi-2022-r1").status == 422
    other = command(env, "doctor", "--finish")
    assert other.returncode == 3
    assert server.address in other.stderr


def test_a_key_stands_for_one_file_also_after_a_later_revision(tmp_path: Path) -> None:
    asked = {"index": "sipas", "period": "2021", "partial": "true"}
    first = (EXAMPLES / "sipas" / "sipas-2021.csv").read_bytes()
    lines = first.decode().splitlines()
    second = "\n".join(lines[:-1]).encode()
    with served(environment(tmp_path / "data")) as server:

        def publish(content: bytes, key: str) -> tuple[int, Any]:
            headers = {"content-type": "text/csv", "idempotency-key": key}
            answer = server.ask("POST", f"{API}/publications", content, headers, **asked)
            return answer.status, answer.json().get("publication_id")

        assert publish(first, "one") == (202, "sipas-2021-r1")
        assert publish(second, "two") == (202, "sipas-2021-r2")
        assert publish(first, "one") == (200, "sipas-2021-r1")
        assert publish(second, "one") == (422, None)
        assert publish(first, "three") == (202, "sipas-2021-r3")


def test_a_key_is_kept_with_what_it_led_to_also_when_the_answer_is_lost(tmp_path: Path) -> None:
    asked = {"index": "sipas", "period": "2021", "partial": "true"}
    first = (EXAMPLES / "sipas" / "sipas-2021.csv").read_bytes()
    second = "\n".join(first.decode().splitlines()[:-1]).encode()
    headers = {"content-type": "text/csv", "idempotency-key": "one"}
    env = environment(tmp_path / "data")
    with served(env | {"THAMMUU_FAIL_AT": "accept.accepted"}) as server:
        with pytest.raises((http.client.HTTPException, OSError)):
            server.ask("POST", f"{API}/publications", first, headers, **asked)
        server.process.communicate(timeout=30)
    with served(env) as server:
        assert server.ask("POST", f"{API}/publications", second, **asked).json()["publication_id"] == "sipas-2021-r2"
        again = server.ask("POST", f"{API}/publications", first, headers, **asked)
        assert (again.status, again.json()["publication_id"]) == (200, "sipas-2021-r1")


@pytest.mark.parametrize("place", ["accept.row-written", "ledger.appended"])
def test_a_server_killed_before_it_has_committed_has_told_nobody_that_it_accepted(tmp_path: Path, place: str) -> None:
    env, reached = environment(tmp_path / "data"), tmp_path / "reached"
    with served(env | {"THAMMUU_FAIL_AT": place, "THAMMUU_FAIL_LOG": str(reached)}) as server:
        with pytest.raises((http.client.HTTPException, OSError)):
            server.publish(SIPAS, **ASKED_SIPAS)
        server.process.communicate(timeout=30)
        assert server.process.returncode == -signal.SIGKILL
    places = reached.read_text("utf-8").split()
    assert places[-1] == place
    assert "database.before-commit" not in places[places.index("accept.row-written") :]
    with served(env) as server:
        assert server.get("/publications/sipas-2021-r1").status == 404
        assert (server.items("/publications"), server.items("/events")) == ([], [])
        answer = server.publish(SIPAS, **ASKED_SIPAS)
        assert (answer.status, answer.json()["publication_id"]) == (202, "sipas-2021-r1")


def test_what_a_server_has_said_it_accepted_is_there_although_it_was_killed_at_once(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    with served(env) as server:
        answer = server.publish(SIPAS, **ASKED_SIPAS)
        server.process.kill()
        server.process.communicate(timeout=30)
    assert (answer.status, answer.json()["publication_id"]) == (202, "sipas-2021-r1")
    with served(env) as server:
        assert server.get("/publications/sipas-2021-r1").json()["status"] == "stands"
        assert len(server.items("/events", type="scores.published")) == 1
        # the file itself is known, not its name alone
        again = server.publish(SIPAS, **ASKED_SIPAS)
        assert (again.status, again.json()["changed"]) == (200, False)
        assert server.until_handled("sipas-2021-r1")["analysed"]


def data_of(server: Server) -> Path:
    """The server's data folder, as its environment names it."""
    for one in Path(f"/proc/{server.process.pid}/environ").read_bytes().split(b"\0"):
        if one.startswith(b"THAMMUU_DATA="):
            return Path(one.partition(b"=")[2].decode())
    raise AssertionError


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with served(environment(tmp_path / "data", THAMMUU_API_UPLOAD_MB="1")) as server:
        large = b"x" * 1_200_000
        assert server.publish(large, **ASKED).status == 413
        pieces = (b"x" * 100_000 for _piece in range(12))
        connection = http.client.HTTPConnection(*server.place, timeout=30)
        connection.request("POST", f"{API}/publications?index=papi&period=2022", pieces, encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()
        body, headers = form(large, "x.csv", **ASKED)
        assert server.ask("POST", f"{API}/publications", body, headers).status == 413


def test_a_server_ends_soon_whoever_is_connected_and_what_was_taken_in_is_kept(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    with served(env) as server:
        idle = http.client.HTTPConnection(*server.place)
        idle.request("GET", "/livez")
        idle.getresponse().read()
        half = socket.create_connection(server.place)
        half.sendall(b"POST /api/v1/publications?index=papi&period=2022 HTTP/1.1\r\nhost: localhost\r\n")
        half.sendall(b"content-length: 100000\r\n\r\nhalf of it")
        silent = socket.create_connection(server.place)
        assert server.publish(PAPI, **ASKED).status == 202
        assert server.stop() < STOPS_WITHIN_S
        for one in (idle, half, silent):
            one.close()
    finished = command(env, "doctor", "--finish", "--format", "json")
    assert finished.returncode == 0, finished.stderr
    memos = json.loads(command(env, "memos", "list", "--format", "json").stdout)
    assert len(memos) == 63
    assert all(one["pdf"] for one in memos)


def test_while_the_store_of_files_is_away_the_server_says_so_and_comes_back(tmp_path: Path) -> None:
    with served(environment(tmp_path / "data")) as server:
        (tmp_path / "data" / "blobs").rename(tmp_path / "away")
        until(server, 503)
        answer = server.publish(PAPI, **ASKED)
        assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
        assert int(answer.headers["retry-after"]) > 0
        assert server.ask("GET", "/livez").status == 200
        (tmp_path / "away").rename(tmp_path / "data" / "blobs")
        until(server, 200)
        assert server.publish(PAPI, **ASKED).status == 202


def until(server: Server, status: int, within_s: float = 20.0) -> None:
    """Wait until the server says that it is, or is not, ready."""
    deadline = time.monotonic() + within_s
    while server.ask("GET", "/readyz").status != status:
        assert time.monotonic() < deadline
        time.sleep(0.1)

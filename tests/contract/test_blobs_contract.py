"""What every store of blobs promises: the folder and a real S3 server, by the same tests."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import pytest

from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.ledger.blobs import Blobs, FolderBlobs, open_blobs
from thammuu.ledger.s3_blobs import S3Blobs
from thammuu.ledger.s3_bucket import Bucket, bucket_at

if TYPE_CHECKING:
    from pathlib import Path

    from servers.s3 import S3Server
ABSENT = hashlib.sha256(b"never stored").hexdigest()


class Store(Protocol):
    """A store and the way to its files behind its back."""

    blobs: Blobs
    folder: Path


class FolderStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs: Blobs = open_blobs(None, folder)


class S3Store:
    def __init__(self, server: S3Server) -> None:
        bucket = server.new_bucket()
        self.folder = server.bucket_folder(bucket) / "kept" / "blobs"
        self.blobs: Blobs = open_blobs(f"s3://{bucket}/kept/blobs", self.folder)


@pytest.fixture
def server(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path)
    return S3Store(request.getfixturevalue("server"))


def _file_of(store: Store, name: str) -> Path:
    return store.folder / name[:2] / name[2:]


def _noise(seed: int, size: int) -> bytes:
    return hashlib.shake_256(str(seed).encode()).digest(size)


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)), "Ủy ban nhân dân".encode()])
def test_what_was_put_comes_back_under_its_sha256(store: Store, content: bytes) -> None:
    name = store.blobs.put(content)
    assert name == hashlib.sha256(content).hexdigest()
    assert store.blobs.get(name) == content
    assert _file_of(store, name).read_bytes() == content


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_a_file_is_put_under_the_name_of_its_bytes_wherever_it_stands(store: Store, size: int, tmp_path: Path) -> None:
    content = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        file.seek(size // 2)
        name = store.blobs.put(file)
        assert store.blobs.put(file) == name
    assert name == hashlib.sha256(content).hexdigest()
    assert store.blobs.get(name) == content


def test_putting_the_same_again_changes_nothing(store: Store) -> None:
    name = store.blobs.put(b"once")
    before = _file_of(store, name).stat()
    assert store.blobs.put(b"once") == name
    after = _file_of(store, name).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list(store.blobs.names()) == [name]


def test_twenty_megabytes_come_back_whole_and_leave_nothing_unfinished(store: Store) -> None:
    content = _noise(20, 20_000_000)
    assert store.blobs.get(store.blobs.put(content)) == content
    for _again in range(10):
        assert store.blobs.put(content) == hashlib.sha256(content).hexdigest()
    assert store.blobs.unfinished() == []


@pytest.mark.parametrize("damage", [b"", b"other content", b"the conten", b"the content and more"])
def test_changed_content_is_never_handed_out(store: Store, damage: bytes) -> None:
    name = store.blobs.put(b"the content")
    _file_of(store, name).write_bytes(damage)
    with pytest.raises(EnvironmentFaultError, match=f"{name} was changed or damaged"):
        store.blobs.get(name)


def test_a_blob_that_is_not_there_is_named_in_the_error(store: Store) -> None:
    with pytest.raises(EnvironmentFaultError, match=f"{ABSENT} is missing"):
        store.blobs.get(ABSENT)


def test_names_are_those_that_were_put_and_no_others(store: Store) -> None:
    assert list(store.blobs.names()) == []
    put = {store.blobs.put(str(number).encode()) for number in range(1_100)}
    listed = list(store.blobs.names())
    assert len(listed) == 1_100
    assert set(listed) == put


def test_a_removed_blob_is_gone_and_can_be_put_again(store: Store) -> None:
    gone, kept = store.blobs.put(b"gone"), store.blobs.put(b"kept")
    store.blobs.remove(gone)
    store.blobs.remove(gone)
    store.blobs.remove(ABSENT)
    assert list(store.blobs.names()) == [kept]
    with pytest.raises(EnvironmentFaultError, match="is missing"):
        store.blobs.get(gone)
    assert store.blobs.get(store.blobs.put(b"gone")) == b"gone"


def test_64_threads_that_put_the_same_and_different_things_all_get_them_back(store: Store) -> None:
    def work(thread: int) -> set[str]:
        contents = [f"{number}".encode() * 1_000 for number in range(4)] + [f"own {thread}".encode()]
        names = [store.blobs.put(content) for content in contents]
        assert [store.blobs.get(name) for name in names] == contents
        return set(names)

    with ThreadPoolExecutor(64) as threads:
        names = set().union(*threads.map(work, range(64)))
    assert set(store.blobs.names()) == names
    assert len(names) == 4 + 64
    assert store.blobs.unfinished() == []


def test_a_folder_shows_what_a_stopped_write_left(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    left = _file_of(FolderStore(tmp_path), blobs.put(b"whole")).parent / ".writing-abc"
    left.write_bytes(b"hal")
    assert blobs.unfinished() == [left]
    assert list(blobs.names()) == [hashlib.sha256(b"whole").hexdigest()]


def test_other_objects_of_the_bucket_are_not_listed(server: S3Server) -> None:
    store = S3Store(server)
    name = store.blobs.put(b"ours")
    for other in (store.folder / "README", store.folder.parent / "blobs2" / name[:2] / name[2:]):
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(b"not ours")
    assert list(store.blobs.names()) == [name]


def test_while_the_server_is_down_every_call_says_so_and_once_it_is_back_all_work(server: S3Server) -> None:
    store = S3Store(server)
    name = store.blobs.put(b"before")
    server.kill()
    try:
        for call in (
            lambda: store.blobs.get(name),
            lambda: store.blobs.put(b"meanwhile"),
            lambda: list(store.blobs.names()),
            lambda: store.blobs.remove(name),
        ):
            began = time.monotonic()
            with pytest.raises(EnvironmentFaultError, match="cannot be reached") as caught:
                call()
            assert time.monotonic() - began < 30
            _assert_tells_no_secret(caught.value, server)
    finally:
        server.start()
    assert store.blobs.get(name) == b"before"
    assert store.blobs.get(store.blobs.put(b"after")) == b"after"


def test_a_server_that_is_killed_amid_puts_loses_none_that_returned_and_keeps_no_half_ones(server: S3Server) -> None:
    store = S3Store(server)
    contents = [_noise(seed, 300_000) for seed in range(60)]

    def put(content: bytes) -> str | None:
        try:
            return store.blobs.put(content)
        except EnvironmentFaultError:
            return None

    with ThreadPoolExecutor(8) as threads:
        pending = [threads.submit(put, content) for content in contents]
        while sum(one.done() for one in pending) < 10:
            time.sleep(0.005)
        server.kill()
        put_names = {name for one in pending if (name := one.result())}
    server.start()
    assert 10 <= len(put_names) < 60
    assert put_names <= set(store.blobs.names())
    assert all(store.blobs.get(name) for name in store.blobs.names())
    assert {store.blobs.put(content) for content in contents} == set(store.blobs.names())


def test_a_short_restart_is_waited_for(server: S3Server) -> None:
    store = S3Store(server)
    name = store.blobs.put(b"before")
    server.kill()
    with ThreadPoolExecutor(1) as thread:
        got = thread.submit(store.blobs.get, name)
        server.start()
        assert got.result() == b"before"


def test_a_server_that_never_answers_is_given_up(server: S3Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        blobs = S3Blobs(Bucket("blobs", endpoint=f"http://127.0.0.1:{listener.getsockname()[1]}"), timeout_s=0.5)
        began = time.monotonic()
        with pytest.raises(EnvironmentFaultError, match="did not answer in time") as caught:
            blobs.put(b"content")
        assert time.monotonic() - began < 10
        _assert_tells_no_secret(caught.value, server)


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_keys_are_refused_without_being_shown(
    server: S3Server, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "WRONG0123456789")
    blobs = open_blobs(f"s3://{server.new_bucket()}", server.folder)
    for call in (lambda: blobs.get(ABSENT), lambda: blobs.put(b"content"), lambda: list(blobs.names())):
        with pytest.raises(EnvironmentFaultError, match=r"does not let these keys in \(\w+\)") as caught:
            call()
        _assert_tells_no_secret(caught.value, server)


def test_without_keys_the_error_names_the_variables(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(EnvironmentFaultError, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        open_blobs("s3://bucket", server.folder).put(b"content")


def test_a_bucket_that_does_not_exist_is_not_taken_for_a_missing_blob(server: S3Server) -> None:
    blobs = open_blobs("s3://no-such-bucket", server.folder)
    for call in (
        lambda: blobs.get(ABSENT),
        lambda: blobs.put(b"content"),
        lambda: list(blobs.names()),
        lambda: blobs.remove(ABSENT),
    ):
        with pytest.raises(EnvironmentFaultError, match=r"no-such-bucket .* does not exist"):
            call()


def test_an_answer_that_is_no_s3_servers_is_not_taken_for_a_missing_blob(server: S3Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:
        thread.submit(_answer_404, listener)
        blobs = S3Blobs(Bucket("bucket", endpoint=f"http://127.0.0.1:{listener.getsockname()[1]}"))
        with pytest.raises(EnvironmentFaultError, match=r"does not work now \(404\)") as caught:
            blobs.get(ABSENT)
    _assert_tells_no_secret(caught.value, server)


def _answer_404(listener: socket.socket) -> None:
    with listener.accept()[0] as connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnot found")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "blobs",
        "s3://",
        "s3:bucket",
        "s3://Bucket",
        "s3://b",
        "https://bucket/x",
        "s3://bucket/../up",
        "s3://bucket/a//b",
        "s3://bucket:0/",
        "s3://bucket:99999999/",
        "s3://KEY:sesame@bucket",
        "s3://bucket?secret_access_key=sesame",
        "s3://bucket/a#sesame",
        "s3://[bucket",
    ],
)
def test_a_url_that_is_not_a_bucket_or_holds_keys_is_refused_without_being_shown(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="must read s3://bucket") as caught:
        open_blobs(url, tmp_path)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    "endpoint", ["nonsense", "ftp://s3.gov.vn", "https://", "https://u:sesame@s3.gov.vn", "http://x:y"]
)
def test_an_endpoint_that_is_no_server_is_refused_without_being_shown(endpoint: str) -> None:
    with pytest.raises(BadInputError, match="THAMMUU_BLOBS_ENDPOINT must read https://") as caught:
        bucket_at("s3://bucket", {"THAMMUU_BLOBS_ENDPOINT": endpoint})
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("key", ["sesame\n", " sesame", "sesame\x00", "sesamé"])
@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_a_key_with_a_line_break_or_another_stray_sign_is_refused_without_being_shown(variable: str, key: str) -> None:
    with pytest.raises(BadInputError, match=f"^{variable} holds a space, a line break") as caught:
        bucket_at("s3://bucket", {variable: key})
    assert "sesam" not in str(caught.value)


def test_without_encryption_only_this_machine_is_spoken_to_unless_a_setting_says_so() -> None:
    def endpoint(url: str, **more: str) -> str | None:
        return bucket_at("s3://bucket", {"AWS_ENDPOINT_URL": url, **more}).endpoint

    assert endpoint("https://s3.gov.vn/") == "https://s3.gov.vn"
    for loopback in ("http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"):
        assert endpoint(loopback) == loopback
    with pytest.raises(BadInputError, match="AWS_ENDPOINT_URL is not encrypted"):
        endpoint("http://minio:9000")
    with pytest.raises(BadInputError, match="is not encrypted"):
        endpoint("http://localhost.example.vn:9000", THAMMUU_BLOBS_ALLOW_HTTP="false")
    assert endpoint("http://minio:9000", THAMMUU_BLOBS_ALLOW_HTTP="true") == "http://minio:9000"


def test_our_own_variable_for_the_endpoint_comes_first() -> None:
    both = {"AWS_ENDPOINT_URL": "https://other.vn", "THAMMUU_BLOBS_ENDPOINT": "https://ours.vn:9000"}
    assert bucket_at("s3://bucket/a/b/", both) == Bucket("bucket", "a/b", "https://ours.vn:9000")
    assert bucket_at("s3://bucket", {}) == Bucket("bucket")


def _assert_tells_no_secret(error: EnvironmentFaultError, server: S3Server) -> None:
    told = str(error)
    assert error.__suppress_context__
    assert error.__cause__ is None
    for secret in (server.secret_key, server.access_key, "WRONG0123456789", "Credential=", "Generic"):
        assert secret not in told

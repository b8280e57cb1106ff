"""The mailbox of bounces over IMAP, on a real server: new mails only, seen once they are recorded, no secret told."""

import imaplib
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from servers.imap import Mailbox, mailbox
from servers.mail_sink import Certificate, certificate
from thammuu.delivery.mailbox import read_new
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.settings import Settings


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(trusted: Certificate) -> Iterator[Mailbox]:
    with mailbox(trusted) as running:
        yield running


@pytest.fixture
def client(server: Mailbox) -> Iterator[imaplib.IMAP4]:
    context = ssl.create_default_context(cafile=server.secured.path)
    with imaplib.IMAP4_SSL("localhost", server.port, ssl_context=context) as connected:
        connected.login(server.user, server.password)
        _status, (mails,) = connected.select("INBOX")
        if mails != b"0":
            connected.store("1:*", "+FLAGS", r"(\Deleted)")
            connected.expunge()
        yield connected


def settings(server: Mailbox, **changed: Any) -> Settings:  # noqa: ANN401  settings of every type
    whole: dict[str, Any] = {
        "imap_host": "localhost",
        "imap_port": server.port,
        "imap_user": server.user,
        "imap_password": server.password,
        "smtp_ca_file": server.secured.path,
    }
    return Settings(**whole | changed)


def put(client: imaplib.IMAP4, *mails: bytes) -> None:
    for mail in mails:
        assert client.append("INBOX", "", "", mail)[0] == "OK"


def test_new_mails_are_read_once(server: Mailbox, client: imaplib.IMAP4) -> None:
    put(client, b"Subject: one\r\n\r\nfirst\r\n", b"Subject: two\r\n\r\nsecond\r\n")
    read: list[bytes] = []
    assert read_new(settings(server), read.append) == 2
    assert read == [b"Subject: one\r\n\r\nfirst\r\n", b"Subject: two\r\n\r\nsecond\r\n"]
    assert read_new(settings(server), read.append) == 0
    put(client, b"Subject: three\r\n\r\nthird\r\n")
    assert read_new(settings(server), read.append) == 1
    assert read[2:] == [b"Subject: three\r\n\r\nthird\r\n"]


def test_a_mail_that_could_not_be_recorded_is_read_again(server: Mailbox, client: imaplib.IMAP4) -> None:
    put(client, b"Subject: one\r\n\r\nfirst\r\n")

    def fail(mail: bytes) -> None:
        raise EnvironmentFaultError(mail.decode()[:12])

    with pytest.raises(EnvironmentFaultError, match="Subject: one"):
        read_new(settings(server), fail)
    read: list[bytes] = []
    assert read_new(settings(server), read.append) == 1


def test_of_a_huge_mail_only_the_beginning_is_fetched(server: Mailbox, client: imaplib.IMAP4) -> None:
    put(client, b"Subject: huge\r\n\r\n" + b"0123456789abcde\r\n" * 600_000)
    read: list[bytes] = []
    assert read_new(settings(server), read.append) == 1
    assert len(read[0]) == 2**17


def test_a_mailbox_that_is_not_configured_is_named() -> None:
    with pytest.raises(BadInputError, match="THAMMUU_IMAP_HOST"):
        read_new(Settings(), lambda _mail: None)


@pytest.mark.parametrize(
    "wrong", [{"imap_password": "a-wrong-secret-0815"}, {"imap_folder": 'no" such'}, {"smtp_ca_file": None}]
)
def test_what_the_server_refuses_is_told_without_secrets(server: Mailbox, wrong: dict[str, Any]) -> None:
    with pytest.raises(EnvironmentFaultError, match="mailbox cannot be read") as refused:
        read_new(settings(server, **wrong), lambda _mail: None)
    assert server.password not in str(refused.value)
    assert "0815" not in str(refused.value)

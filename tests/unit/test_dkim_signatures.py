"""Signed mails verify with the public key that the domain would publish, and only unchanged."""

import subprocess
from base64 import b64encode
from pathlib import Path

import dkim
import pytest

from servers.mail_messages import clock, message
from thammuu.delivery.dkim import signer_of
from thammuu.delivery.mail import Origin, wire_of
from thammuu.errors import BadInputError
from thammuu.settings import Settings

ORIGIN = Origin("bao-cao@moha.example", "cchc@moha.example")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dkim") / "dkim.pem"
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
    return path


def published(key: Path) -> bytes:
    command = ["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"]
    done = subprocess.run(command, check=True, capture_output=True)
    return b"v=DKIM1; k=rsa; p=" + b64encode(done.stdout)


def signed(key: Path) -> bytes:
    signer = signer_of(Settings(dkim_selector="memo", dkim_key_file=key), ORIGIN.domain)
    assert signer is not None
    return signer.signed(wire_of(message(), ORIGIN, clock()))


def verifies(mail: bytes, key: Path) -> bool:
    asked: list[bytes] = []

    def dns(name: bytes, timeout: int = 5) -> bytes:
        del timeout
        asked.append(name)
        return published(key)

    found = bool(dkim.verify(mail, dnsfunc=dns))
    assert asked == [b"memo._domainkey.moha.example."]
    return found


def test_a_signed_mail_verifies(key: Path) -> None:
    assert verifies(signed(key), key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: x"),
        (b"Reply-To: cchc@", b"Reply-To: else@"),
        (b"X-Thammuu-Delivery: ", b"Subject: second\r\nX-Thammuu-Delivery: "),
        (b"X-Thammuu-Delivery: ", b"From: second@example.org\r\nX-Thammuu-Delivery: "),
        (b"JVBERi0xLjc", b"JVBERi0xLjg"),
    ],
)
def test_a_mail_that_was_changed_does_not(key: Path, old: bytes, new: bytes) -> None:
    mail = signed(key)
    assert mail.count(old) >= 1
    assert not verifies(mail.replace(old, new, 1), key)


def test_half_a_configuration_is_refused(key: Path) -> None:
    with pytest.raises(BadInputError, match="together"):
        signer_of(Settings(dkim_selector="memo"), "moha.example")
    with pytest.raises(BadInputError, match="together"):
        signer_of(Settings(dkim_key_file=key), "moha.example")


def test_a_key_that_is_none_is_refused_and_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("-----BEGIN PRIVATE KEY-----\nAAAAB3NzaC1secret\n-----END PRIVATE KEY-----\n")
    with pytest.raises(BadInputError, match="no RSA key") as refused:
        signer_of(Settings(dkim_selector="memo", dkim_key_file=path), "moha.example")
    assert "secret" not in str(refused.value)
    with pytest.raises(BadInputError, match="cannot be read"):
        signer_of(Settings(dkim_selector="memo", dkim_key_file=tmp_path / "none.pem"), "moha.example")


def test_without_a_selector_nothing_is_signed() -> None:
    assert signer_of(Settings(), "moha.example") is None

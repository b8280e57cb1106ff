"""Certificates of an authority made for a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """An authority; nobody trusts it who was not given its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def trusted(self, file: Path) -> Path:
        """Write the authority's certificate for those who are to trust it."""
        file.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return file

    def server(self, file: Path, address: str = "127.0.0.1") -> Path:
        """Write the key and the certificates of a server at an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        own = _begun("server", self.certificate.subject, key).add_extension(names, critical=False)
        signed = own.sign(self.key, hashes.SHA256())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = [one.public_bytes(Encoding.PEM) for one in (signed, self.certificate)]
        file.write_bytes(b"".join([private, *chain]))
        return file


def authority() -> Authority:
    """Make an authority with a key of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    begun = _begun("authority", _name("authority"), key)
    signs = x509.BasicConstraints(ca=True, path_length=0)
    return Authority(key, begun.add_extension(signs, critical=True).sign(key, hashes.SHA256()))


def _begun(name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"thammuu test {name}")])

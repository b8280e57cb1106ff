"""What an office's signing tool does to a PDF: a further revision with a signature over the whole file."""

import io
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, ByteStringObject, DictionaryObject, NameObject, NumberObject

_ROOM = 4_000
_FAR = 1_111_111_111


def signed(pdf: bytes) -> bytes:
    """Sign a PDF with a key made for it; its own bytes stay as they are."""
    writer = PdfWriter(io.BytesIO(pdf), incremental=True)
    signature = writer._add_object(  # noqa: SLF001  the only way to add an object
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Sig"),
                NameObject("/Filter"): NameObject("/Adobe.PPKLite"),
                NameObject("/SubFilter"): NameObject("/adbe.pkcs7.detached"),
                NameObject("/ByteRange"): ArrayObject([NumberObject(n) for n in (0, _FAR, _FAR, _FAR)]),
                NameObject("/Contents"): ByteStringObject(b"\x01" * _ROOM),
            }
        )
    )
    field = DictionaryObject(
        {
            NameObject("/FT"): NameObject("/Sig"),
            NameObject("/T"): ByteStringObject(b"Signature"),
            NameObject("/V"): signature,
        }
    )
    form = DictionaryObject(
        {
            NameObject("/SigFlags"): NumberObject(3),
            NameObject("/Fields"): ArrayObject([writer._add_object(field)]),  # noqa: SLF001  the same
        }
    )
    writer.root_object[NameObject("/AcroForm")] = form
    out = io.BytesIO()
    writer.write(out)
    return _filled(out.getvalue(), len(pdf))


def _filled(content: bytes, own: int) -> bytes:
    """Write where the signature stands, then the signature over all the rest."""
    mark = b"<" + b"01" * _ROOM + b">"
    start = content.index(mark, own)
    end = start + len(mark)
    template = f"[ 0 {_FAR} {_FAR} {_FAR} ]".encode()
    if template not in content:
        template = f"[0 {_FAR} {_FAR} {_FAR}]".encode()
    covered = f"[0 {start} {end} {len(content) - end}".encode()
    content = content.replace(template, covered.ljust(len(template) - 1) + b"]")
    digits = _pkcs7(content[:start] + content[end:]).hex().encode()
    return content[:start] + b"<" + digits.ljust(len(mark) - 2, b"0") + b">" + content[end:]


def _pkcs7(content: bytes) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Made for a test")])
    day = datetime(2023, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + timedelta(days=3_650))
        .sign(key, hashes.SHA256())
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.sign(serialization.Encoding.DER, options)

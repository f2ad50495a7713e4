"""Writes certificates of a CA of its own into a folder: `python certificates.py FOLDER`.

`ca.pem` is the CA; `good.pem`, `elsewhere.pem` (for another host) and `expired.pem` are servers'
certificates with their keys.
"""

import datetime as dt
import ipaddress
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

FOLDER = Path(sys.argv[1])
NOW = dt.datetime.now(dt.UTC)
HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
CA = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA of a test")])
ca_key = ec.generate_private_key(ec.SECP256R1())


def builder(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, ends_in: int
) -> x509.CertificateBuilder:
    """A certificate that is valid from two days ago until so many days from now."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(CA)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(days=2))
        .not_valid_after(NOW + dt.timedelta(days=ends_in))
    )


authority = builder(CA, ca_key.public_key(), 1).add_extension(
    x509.BasicConstraints(ca=True, path_length=0), critical=True
)
(FOLDER / "ca.pem").write_bytes(authority.sign(ca_key, SHA256()).public_bytes(Encoding.PEM))
for name, host, ends_in in (
    ("good", HERE, 1),
    ("elsewhere", x509.DNSName("dynamodb.us-east-1.amazonaws.com"), 1),
    ("expired", HERE, -1),
):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    server = builder(subject, key.public_key(), ends_in).add_extension(
        x509.SubjectAlternativeName([host]), critical=False
    )
    (FOLDER / f"{name}.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + server.sign(ca_key, SHA256()).public_bytes(Encoding.PEM)
    )

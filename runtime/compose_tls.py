"""`python -m runtime.compose_tls TLS_FOLDER CA_FOLDER`: the certificate of docker-compose.yml's
Elasticsearch.

Made once, by an authority of its own whose key nobody keeps: it can sign nothing else. To have new
ones, remove both volumes.
"""

import ipaddress
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY: Final = "ca.crt"
CERTIFICATE: Final = "node.crt"
KEY: Final = "node.key"
HOSTS: Final = ("elasticsearch", "localhost")
_ADDRESSES: Final = ("127.0.0.1", "::1")
LIFE: Final = timedelta(days=3650)
_CLOCKS_DIFFER_BY: Final = timedelta(hours=1)
_FOR_ALL, _FOR_GROUP = 0o644, 0o640


def make_certificates(
    tls: Path, authority: Path, *, now: datetime, hosts: Sequence[str] = HOSTS
) -> bool:
    """Write key and certificate into `tls`, the authority's certificate into both folders; False,
    and nothing done, when all are there.

    The key is readable for the group, which Elasticsearch's container shares, and nobody else.
    """
    wanted = (tls / KEY, tls / CERTIFICATE, tls / AUTHORITY, authority / AUTHORITY)
    if all(path.is_file() for path in wanted):
        return False
    signer, node = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _authority(signer, now)
    leaf = _leaf(node, signer, root, hosts, now)
    secret = node.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write(tls / KEY, secret, _FOR_GROUP)
    for path, certificate in zip(wanted[1:], (leaf, root, root), strict=True):
        _write(path, certificate.public_bytes(serialization.Encoding.PEM), _FOR_ALL)
    return True


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name("Koubei compose authority")
    return (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(_key_id(key), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    root: x509.Certificate,
    hosts: Sequence[str],
    now: datetime,
) -> x509.Certificate:
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
    # nodes are each other's clients
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_key_id(signer))
    return (
        _builder(_name(hosts[0]), root.subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(_key_id(key), critical=False)
        .add_extension(signed_by, critical=False)
        .sign(signer, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER_BY)
        .not_valid_after(now + LIFE)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_id(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write whole or not at all, with the mode from the first byte on."""
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)  # the umask of a container may close it to the group
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


if __name__ == "__main__":
    make_certificates(Path(sys.argv[1]), Path(sys.argv[2]), now=datetime.now(UTC))

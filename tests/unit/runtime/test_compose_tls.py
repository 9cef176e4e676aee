"""The certificate of docker compose's Elasticsearch."""

import os
import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from runtime.compose_tls import AUTHORITY, CERTIFICATE, KEY, make_certificates

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def folders(tmp_path):
    pair = tmp_path / "tls", tmp_path / "ca"
    for folder in pair:
        folder.mkdir()
    return pair


def certificate(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.parametrize("years", [0, 5])
def test_the_authority_vouches_for_the_host_for_years_and_for_no_other(folders, years):
    tls, ca = folders
    assert make_certificates(tls, ca, now=NOW)
    at = NOW + timedelta(days=365 * years)
    policy = PolicyBuilder().store(Store([certificate(ca / AUTHORITY)])).time(at)
    leaf = certificate(tls / CERTIFICATE)
    policy.build_server_verifier(x509.DNSName("elasticsearch")).verify(leaf, [])
    with pytest.raises(x509.verification.VerificationError):
        policy.build_server_verifier(x509.DNSName("example.com")).verify(leaf, [])


def test_what_is_there_is_kept_and_what_is_incomplete_is_made_anew(folders):
    tls, ca = folders
    make_certificates(tls, ca, now=NOW)
    first = {path: path.read_bytes() for path in (tls / KEY, tls / CERTIFICATE, ca / AUTHORITY)}
    assert not make_certificates(tls, ca, now=NOW)
    assert all(path.read_bytes() == content for path, content in first.items())
    (ca / AUTHORITY).unlink()
    assert make_certificates(tls, ca, now=NOW)
    assert all(path.read_bytes() != content for path, content in first.items())
    assert (ca / AUTHORITY).read_bytes() == (tls / AUTHORITY).read_bytes()


def test_the_key_is_for_owner_and_group_whatever_the_umask(folders):
    tls, ca = folders
    before = os.umask(0o077)
    try:
        make_certificates(tls, ca, now=NOW)
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (*tls.iterdir(), *ca.iterdir())}
    assert modes == {KEY: 0o640, CERTIFICATE: 0o644, AUTHORITY: 0o644}


def test_the_authority_s_own_key_is_kept_nowhere(folders):
    tls, ca = folders
    make_certificates(tls, ca, now=NOW)
    keys = [p for p in (*tls.iterdir(), *ca.iterdir()) if b"PRIVATE" in p.read_bytes()]
    assert keys == [tls / KEY]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / CERTIFICATE, tls / KEY)
    signer = certificate(ca / AUTHORITY).public_key()
    assert certificate(tls / CERTIFICATE).public_key() != signer

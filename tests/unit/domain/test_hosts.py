"""Tests of domain/hosts.py."""

import pytest

from domain.hosts import is_loopback, is_private, is_public, place_of


@pytest.mark.parametrize("address", ["8.8.8.8", "114.114.114.114", "2400:3200::1"])
def test_public_addresses_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # metadata of most clouds
        "100.100.100.200",  # metadata of Alibaba Cloud, in the shared range of carriers
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",  # NAT64 of a local prefix (RFC 8215)
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",  # translated (RFC 2765)
        "fec0::1",  # site-local, deprecated
        "4000::1",
    ],
)
def test_everything_else_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_known(host):
    assert is_loopback(host)
    assert is_private(host)


@pytest.mark.parametrize("host", ["", "10.0.0.1", "localhost.example.com", "8.8.8.8", "127.0.0"])
def test_other_hosts_are_not_this_machine(host):
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["", "s.weibo.com", "intranet", "8.8.8.8"])
def test_a_name_is_never_called_private(host):
    assert not is_private(host)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://127.0.0.1:8600/x", "127.0.0.1:8600"),
        ("http://[::1]:8600/", "[::1]:8600"),
        ("https://S.Weibo.com./a", "s.weibo.com:443"),
        ("http://10.0.0.5", "10.0.0.5:80"),
    ],
)
def test_a_server_is_named_as_in_the_settings(url, place):
    assert place_of(url) == place

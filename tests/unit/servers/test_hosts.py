"""Names of a server, and where it may listen."""

import pytest

from wazir.domain.errors import InvalidInputError
from wazir.servers.hosts import KnownHosts, check_bind, host_name, is_loopback


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8080", "localhost"),
        ("wazir.example.com.", "wazir.example.com"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]:8080", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("", None),
        ("::1", None),
        ("[::1", None),
        ("[localhost]", None),
        ("a b", None),
        ("a:b", None),
        ("a@b", None),
        ("localhost/..", None),
        ("localhost:8080:1", None),
        ("ä.example", None),
        ("a\r\nX: y", None),
    ],
)
def test_the_name_in_a_host_header(header, name):
    assert host_name(header) == name


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        ("127.0.0.1", True),
        ("127.5.5.5", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host, is_it):
    assert is_loopback(host) is is_it


def test_other_addresses_need_a_token_or_a_word():
    check_bind("127.0.0.1", has_tokens=False, insecure=False)
    check_bind("0.0.0.0", has_tokens=True, insecure=False)
    check_bind("0.0.0.0", has_tokens=False, insecure=True)
    for host in ("0.0.0.0", "", "::", "10.0.0.7", "example.com"):
        with pytest.raises(InvalidInputError) as caught:
            check_bind(host, has_tokens=False, insecure=False)
        assert "wazir token create" in str(caught.value)
        assert "--insecure" in str(caught.value)


def test_a_server_on_loopback_knows_loopback_names_and_those_it_is_told():
    hosts = KnownHosts("127.0.0.1", ["Wazir.example.com", "2001:db8::7"])
    for name in ("localhost", "127.0.0.1", "::1", "wazir.example.com", "2001:db8::7"):
        assert hosts.knows(name)
    for name in ("evil.com", "example.com", "x.wazir.example.com", "10.0.0.7", ""):
        assert not hosts.knows(name)


def test_a_server_knows_the_address_it_listens_on():
    assert KnownHosts("10.0.0.7").knows("10.0.0.7")
    assert not KnownHosts("10.0.0.7").knows("10.0.0.8")
    assert KnownHosts("Wazir.lan").knows("wazir.lan")
    assert KnownHosts("[2001:DB8::7]").knows("2001:db8::7")


@pytest.mark.parametrize("bound", ["", "0.0.0.0", "::"])
def test_a_server_on_all_addresses_knows_every_number_and_no_name(bound):
    hosts = KnownHosts(bound)
    assert hosts.knows("10.0.0.7")
    assert hosts.knows("2001:db8::7")
    assert hosts.knows("localhost")
    assert not hosts.knows("evil.com")


@pytest.mark.parametrize("name", ["", "*", "a:8080", "http://a", "a/b", "[a]:1", "1:2"])
def test_a_name_that_cannot_stand_in_a_request_is_refused(name):
    with pytest.raises(InvalidInputError, match="name of a host"):
        KnownHosts("127.0.0.1", [name])

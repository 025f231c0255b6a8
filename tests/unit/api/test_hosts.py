"""Which Host headers the service answers to."""

import pytest

from api.http.hosts import AllowedHosts

NAMED = AllowedHosts(frozenset({"speech.example"}))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LocalHost.",
        "studio.localhost:8000",
        "127.0.0.1",
        "127.255.0.9:8000",
        "[::1]",
        "[::1]:8000",
        "192.168.1.20:8000",  # nobody can make a name of it
        "[fd00::1]",
        "speech.example",
        "Speech.Example.:443",
        "",
    ],
)
def test_an_own_host(host: str) -> None:
    assert NAMED.allows(host.encode())


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "evil.example:localhost",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "evil.example#localhost",
        "localhost,evil.example",
        "localhost..",
        "sub.speech.example",
        "speech.example.evil.example",
        "[localhost]",
        "[127.0.0.1",
        "::1",
        ":8000",
        "\xe9vil.example",
        "localhost\t",
    ],
)
def test_a_foreign_host(host: str) -> None:
    assert not NAMED.allows(host.encode("latin-1"))


def test_a_star_allows_every_host() -> None:
    assert AllowedHosts(frozenset({"*"})).allows(b"evil.example")

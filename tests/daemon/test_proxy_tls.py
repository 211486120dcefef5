"""A proxy between two TLS legs: who is shown what, who is believed, what is kept."""

from __future__ import annotations

import logging
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from mitmeter.config.endpoint import Endpoint
from mitmeter.daemon import ends
from mitmeter.errors import ConfigError
from mitmeter.model import Side
from mitmeter.transport.certificates import Authority, Certificate
from mitmeter.transport.legacy_tls import LegacyIdentity, connect_legacy, listen_legacy
from mitmeter.transport.tls import server_context
from tests.daemon.between import ANY_TLS, between, client, echo, noted, proxying, serving, where
from tests.daemon.plans import said
from tests.transport.ends import TODAY, End, stock_client


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another authority than the proxy's own."""
    return Authority(tmp_path_factory.mktemp("cloud"))


@pytest.fixture(scope="session")
def local(cloud: Authority) -> Certificate:
    return cloud.certificate_for(["localhost"], now=TODAY)


def server(certificate: Certificate) -> ssl.SSLContext:
    return server_context(certificate.path)


def options(upstream: str) -> dict[str, str]:
    return {"upstream": upstream}


async def test_a_client_sees_a_certificate_by_our_authority_and_the_server_is_verified(
    tmp_path: Path, cloud: Authority, local: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(cloud.root))
    async with serving(echo, server(local)) as to:
        plan = between("tls", Endpoint("tls", "localhost", to.port), listen=ANY_TLS)
        async with proxying(tmp_path, plan) as running:
            ours = stock_client(authorities=str(tmp_path / "certificates" / "authority.crt"))
            async with client(running, ours, "cloud.example") as one:
                assert await one.ask(b"hello\n", 6) == b"hello\n"
            await running.settled()
    # Both legs, as they were meant.
    assert said(tmp_path, Side.DEVICE) == said(tmp_path, Side.HEADEND) == b"hello\n"


async def test_a_server_nobody_vouches_for_is_not_spoken_to(
    tmp_path: Path, local: Certificate
) -> None:
    async with serving(echo, server(local)) as to:
        plan = between("tls", Endpoint("tls", "localhost", to.port), listen=ANY_TLS)
        async with proxying(tmp_path, plan) as running:
            async with client(running, stock_client(), "cloud.example") as one:
                assert await one.heard.read() == b""
            await running.settled()
    (told,) = noted(tmp_path, "mitmeter.upstream.unreachable")
    assert "the server's certificate is not trusted" in told.message


async def test_a_pinned_server_is_believed_until_it_shows_another_certificate(
    tmp_path: Path, cloud: Authority, local: Certificate
) -> None:
    other = cloud.certificate_for(["other.example"], now=TODAY)
    context = server(local)
    async with serving(echo, context) as to:
        plan = between("tls", to, listen=ANY_TLS, options=options("pinned"))
        async with proxying(tmp_path, plan) as running:
            for _ in range(2):
                async with client(running, stock_client()) as one:
                    assert await one.ask(b"hello\n", 6) == b"hello\n"
            context.load_cert_chain(other.path)
            async with client(running, stock_client()) as one:
                one.out.write(b"a secret\n")
                assert await one.heard.read() == b""
            await running.settled()
    (pinned,) = noted(tmp_path, "mitmeter.certificate.pinned")
    assert pinned.fields["sha256"] == local.sha256
    (changed,) = noted(tmp_path, "mitmeter.certificate.changed")
    assert changed.fields["shown_sha256"] == other.sha256
    assert f"mitmeter pins accept {to.host}:{to.port}" in changed.message


async def test_a_fingerprint_is_believed_and_no_other(tmp_path: Path, local: Certificate) -> None:
    async with serving(echo, server(local)) as to:
        pin = ":".join(local.sha256[at : at + 2] for at in range(0, 64, 2)).upper()
        plan = between("tls", to, listen=ANY_TLS, options=options(f"sha256:{pin}"))
        async with (
            proxying(tmp_path / "a", plan) as running,
            client(running, stock_client()) as one,
        ):
            assert await one.ask(b"hello\n", 6) == b"hello\n"
        plan = replace(plan, options=options("sha256:" + "00" * 32))
        async with proxying(tmp_path / "b", plan) as running:
            async with client(running, stock_client()) as one:
                assert await one.heard.read() == b""
            await running.settled()
    (told,) = noted(tmp_path / "b", "mitmeter.upstream.unreachable")
    assert f"the server shows certificate {local.sha256}" in told.message


@pytest.mark.parametrize("upstream", ["yes", "sha256:abc", "sha256:" + "0" * 63 + "g"])
async def test_a_trust_that_makes_no_sense_is_told_at_the_start(
    tmp_path: Path, upstream: str
) -> None:
    plan = between(
        "tls", Endpoint("tls", "127.0.0.1", 1), listen=ANY_TLS, options=options(upstream)
    )
    with pytest.raises(ConfigError) as told:
        async with proxying(tmp_path, plan):
            pass
    assert told.value.key == "options.upstream"


async def test_the_name_a_client_asks_for_is_where_it_is_passed_on_to_and_who_is_believed(
    tmp_path: Path, cloud: Authority, local: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(cloud.root))
    async with serving(echo, server(local)) as to:
        onward = Endpoint.parse_onward(f"tls://*:{to.port}")
        async with proxying(tmp_path, between("tls", onward, listen=ANY_TLS)) as running:
            async with client(running, stock_client(), "localhost") as one:
                assert await one.ask(b"hello\n", 6) == b"hello\n"
            async with client(running, stock_client()) as one:
                assert await one.heard.read() == b""
            await running.settled()
    (told,) = noted(tmp_path, "mitmeter.upstream.unreachable")
    assert told.message == "the client asked for no name, so there is nobody to pass it on to"


async def test_a_server_known_by_its_address_is_asked_for_the_name_the_client_wants(
    tmp_path: Path, cloud: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(cloud.root))
    asked: list[str | None] = []
    context = server(cloud.certificate_for(["cloud.example"], now=TODAY))
    context.sni_callback = lambda _, name, __: asked.append(name)
    async with (
        serving(echo, context) as to,
        proxying(tmp_path, between("tls", to, listen=ANY_TLS)) as running,
        client(running, stock_client(), "cloud.example") as one,
    ):
        assert await one.ask(b"hello\n", 6) == b"hello\n"
    assert asked == ["cloud.example"]


async def test_an_old_hub_is_passed_on_to_a_modern_server(
    tmp_path: Path, local: Certificate
) -> None:
    async with serving(echo, server(local)) as to:
        plan = between(
            "tls", to, listen=Endpoint("ssl3", "127.0.0.1", 0), options=options("unverified")
        )
        async with proxying(tmp_path, plan) as running:
            hub = End()
            link = await connect_legacy(*where(running), hub.accept)
            link.write(b"hello\n")
            assert await hub.until(6) == b"hello\n"
            assert link.version == "SSL 3.0"
            link.close()
            await hub.gone.wait()
            await running.settled()
    assert said(tmp_path, Side.DEVICE) == b"hello\n"


async def test_a_modern_client_is_passed_on_to_an_old_server(
    tmp_path: Path, cloud: Authority
) -> None:
    identity = LegacyIdentity(cloud.certificate_for(["old.example"], kind="legacy", now=TODAY).path)
    old = await listen_legacy(
        "127.0.0.1", 0, lambda link: End(echo=True).accept(link), identity=identity
    )
    try:
        plan = between("tls", Endpoint("ssl3", "127.0.0.1", old.port), listen=ANY_TLS)
        async with proxying(tmp_path, plan) as running, client(running, stock_client()) as one:
            assert await one.ask(b"hello\n", 6) == b"hello\n"
    finally:
        old.stop()


async def test_the_keys_of_both_legs_are_kept_for_who_wants_to_read_along(
    tmp_path: Path,
    local: Certificate,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    keys = tmp_path / "keys.txt"
    context = server(local)
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    ends._tell_of_keys.cache_clear()
    async with serving(echo, context) as to:
        plan = between("tls", to, listen=ANY_TLS, options=options("unverified"))
        with caplog.at_level(logging.WARNING, "mitmeter"):
            async with proxying(tmp_path / "data", plan) as running:
                monkeypatch.delenv("SSLKEYLOGFILE")
                clients = stock_client()
                monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
                async with client(running, clients, "a.example") as one:
                    assert await one.ask(b"hello\n", 6) == b"hello\n"
    lines = [line.split() for line in keys.read_text().splitlines() if not line.startswith("#")]
    randoms = {random for label, random, _ in lines if label == "CLIENT_TRAFFIC_SECRET_0"}
    assert len(randoms) == 2
    told = [line for line in caplog.messages if line.startswith("SSLKEYLOGFILE is set")]
    assert len(told) == 1

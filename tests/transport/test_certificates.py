import os
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from mitmeter.errors import LinkError
from mitmeter.transport.certificates import (
    MOST_NAMES,
    NAMES_PER_HOUR,
    Authority,
    Certificate,
    host_name,
    read_certificate,
)

NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_and_every_file_with_a_key_are_for_us_only(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    authority = Authority(folder)
    authority.certificate_for(["meter.example"], now=NOON)
    assert authority.for_name("other.example", NOON) is not None
    folders = [folder, folder / "names"]
    files = [each for each in folder.rglob("*") if each.is_file()]
    assert {mode(each) for each in folders} == {0o700}
    assert {mode(each) for each in files} == {0o600}
    assert {each.name for each in files} >= {"authority.pem", "authority.crt", "names.key"}


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir(mode=0o755)
    Authority(folder).certificate_for(["*.sensornet.info"], kind="legacy", now=NOON)
    assert mode(folder) == 0o700


def test_what_was_made_before_is_given_again_after_a_restart(tmp_path: Path) -> None:
    first = Authority(tmp_path).certificate_for(["*.sensornet.info"], kind="legacy", now=NOON)
    again = Authority(tmp_path).certificate_for(["*.sensornet.info"], kind="legacy", now=NOON)
    assert again == first


def test_other_names_and_other_kinds_have_files_of_their_own(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one = authority.certificate_for(["*.sensornet.info"], kind="legacy", now=NOON)
    two = authority.certificate_for(["*.other.example"], kind="legacy", now=NOON)
    assert one.path != two.path
    assert two.names == ("*.other.example",)


def test_a_certificate_is_left_alone_until_thirty_days_before_its_end(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    first = authority.certificate_for(["meter.example"], now=NOON)
    assert first.not_after == NOON + timedelta(days=365)
    assert authority.renew_due(NOON + timedelta(days=334)) == []
    later = NOON + timedelta(days=335)
    (renewed,) = authority.renew_due(later)
    assert renewed.path == first.path
    assert renewed.sha256 != first.sha256
    assert renewed.not_after == later + timedelta(days=365)
    assert authority.renew_due(later) == []


def test_what_ran_out_while_we_were_not_running_is_made_anew_at_start(tmp_path: Path) -> None:
    first = Authority(tmp_path).certificate_for(["meter.example"], now=NOON)
    later = NOON + timedelta(days=400)
    renewed = Authority(tmp_path).certificate_for(["meter.example"], now=later)
    assert renewed.sha256 != first.sha256
    assert not renewed.due(later)


def test_a_prolonged_authority_keeps_its_key_and_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    old = authority.certificate_for(["meter.example"], now=NOON)
    leaf = x509.load_pem_x509_certificate(old.path.read_bytes())
    first = x509.load_pem_x509_certificate(authority.root.read_bytes())
    Authority(tmp_path).certificate_for(["b.example"], now=NOON + timedelta(days=3_630))
    second = x509.load_pem_x509_certificate(authority.root.read_bytes())
    assert second.not_valid_after_utc > first.not_valid_after_utc
    leaf.verify_directly_issued_by(second)


def test_a_damaged_certificate_is_made_anew(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    first = authority.certificate_for(["*.sensornet.info"], kind="legacy", now=NOON)
    first.path.write_bytes(first.path.read_bytes()[:-40])
    again = authority.certificate_for(["*.sensornet.info"], kind="legacy", now=NOON)
    assert again.sha256 != first.sha256


def test_a_damaged_authority_is_an_error_in_words_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_text("half a key")
    with pytest.raises(LinkError, match=r"authority\.pem: no certificate and key to read"):
        Authority(tmp_path).certificate_for(["meter.example"], now=NOON)
    assert (tmp_path / "authority.pem").read_text() == "half a key"


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LinkError, match="cannot be written"):
        Authority(tmp_path / "file").certificate_for(["x.example"], kind="legacy", now=NOON)


@pytest.mark.parametrize("names", [[], ["no name"], ["a.example", "*.*.example"], ["192.0.2.256"]])
def test_a_certificate_for_what_is_no_host_name_is_refused(
    names: list[str], tmp_path: Path
) -> None:
    with pytest.raises(LinkError, match="no host name"):
        Authority(tmp_path).certificate_for(names, now=NOON)


def test_a_name_asked_for_gets_its_own_certificate_and_gets_it_again(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    found = authority.for_name("10.20.30.02005E.cad.sensornet.info.", NOON)
    assert found is not None
    assert found.names == ("10.20.30.02005e.cad.sensornet.info",)
    assert authority.for_name("10.20.30.02005e.cad.sensornet.info", NOON) is found
    assert Authority(tmp_path).for_name("10.20.30.02005e.cad.sensornet.info", NOON) == found


def test_a_name_too_long_for_a_common_name_is_an_alternative_name(tmp_path: Path) -> None:
    name = ".".join(["a" * 40] * 5)
    found = Authority(tmp_path).for_name(name, NOON)
    assert found is not None
    assert found.covers(name)


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", "a b", "192.0.2.1", "-a.example", "a..b", "ä.example", "x" * 64]
)
def test_a_name_that_is_none_gets_no_certificate_and_no_file(name: str, tmp_path: Path) -> None:
    assert host_name(name) == ""
    assert Authority(tmp_path).for_name(name, NOON) is None
    assert list(tmp_path.rglob("*")) == []


def test_only_so_many_new_names_are_served_in_an_hour(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    made = [authority.for_name(f"h{n}.example", NOON) for n in range(NAMES_PER_HOUR + 1)]
    assert made.count(None) == 1
    assert made[-1] is None
    assert authority.for_name("h0.example", NOON) is made[0]
    assert authority.for_name("new.example", NOON + timedelta(minutes=59)) is None
    assert authority.for_name("new.example", NOON + timedelta(minutes=60)) is not None


def test_names_on_disk_are_bounded_and_the_oldest_go_first(tmp_path: Path) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    for number in range(MOST_NAMES):
        (folder / f"old{number}.example.pem").write_text("")
    (folder / "old7.example.pem").touch()
    os.utime(folder / "old7.example.pem", (1, 1))
    assert Authority(tmp_path).for_name("new.example", NOON) is not None
    kept = {each.name for each in folder.iterdir()}
    assert len(kept) == MOST_NAMES
    assert "new.example.pem" in kept
    assert "old7.example.pem" not in kept


def test_a_full_disk_in_the_middle_of_a_handshake_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("in the way")
    assert Authority(tmp_path).for_name("new.example", NOON) is None


def test_a_wildcard_covers_one_label_only() -> None:
    shown = Certificate(Path("x"), ("*.sensornet.info", "meter.example"), NOON, "")
    assert shown.covers("keys.sensornet.info")
    assert shown.covers("METER.example.")
    assert not shown.covers("10.20.30.02005e.cad.sensornet.info")
    assert not shown.covers("sensornet.info")
    assert not shown.covers("info")


def test_a_key_that_is_not_the_certificates_is_noticed(
    tmp_path: Path, glow: Certificate, legacy: Certificate
) -> None:
    mixed = tmp_path / "mixed.pem"
    key = glow.path.read_text().split("-----BEGIN CERTIFICATE", 1)[0]
    shown = "-----BEGIN CERTIFICATE" + legacy.path.read_text().split("-----BEGIN CERTIFICATE", 1)[1]
    mixed.write_text(key + shown)
    with pytest.raises(LinkError, match="the key is not that of the certificate"):
        read_certificate(mixed)


def test_an_address_is_in_the_certificate_as_one(tmp_path: Path) -> None:
    made = Authority(tmp_path).certificate_for(["box.local", "192.0.2.1"], now=NOON)
    shown = x509.load_pem_x509_certificate(made.path.read_bytes())
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("192.0.2.1")]
    assert names.get_values_for_type(x509.DNSName) == ["box.local"]
    assert made.names == ("box.local", "192.0.2.1")

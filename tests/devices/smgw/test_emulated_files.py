"""The PPC gateway's signed files: what openssl and `cryptography` say of them, what is inside."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509 import load_pem_x509_certificate

from mitmeter.devices.smgw.emulated.cms import Signer
from mitmeter.devices.smgw.messages import Response
from tests.devices.smgw.gateway_bench import GatewayBench, header
from tests.devices.smgw.ppc_bench import bench, first_meter, history, inside, values_form

DAY = {"from": "2026-02-28 23:40:00", "to": "2026-03-01 00:15:00"}
GENERIC = "{urn:k461-dke-de:profile_generic-1}"
EXTENSION = "{urn:k461-dke-de:extension-1}"


def export(gateway: GatewayBench, **span: str) -> Response:
    return gateway.act("exportMeterValues", mid=values_form(gateway), **(span or DAY))


def opened(data: bytes, folder: Path) -> bytes:
    """Return the content, as openssl finds it; its signature has to be right."""
    file = folder / "export.cms"
    file.write_bytes(data)
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-noverify", "-binary", "-inform", "DER", "-in", str(file)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def values(xml: bytes, column: str) -> list[tuple[str, str, str]]:
    """Return (raw, status, capture time) of each entry of a column."""
    root = ElementTree.fromstring(xml)
    (found,) = [e for e in root.iter(f"{GENERIC}column") if e.get("id") == column]
    return [
        (
            entry.findtext(f"{EXTENSION}value/{EXTENSION}long64", ""),
            entry.findtext(f"{EXTENSION}status/{EXTENSION}unsigned", ""),
            entry.findtext(f"{EXTENSION}capture_time", ""),
        )
        for entry in found
    ]


def test_a_file_of_values_opens_with_openssl_and_holds_those_of_the_example(
    tmp_path: Path,
) -> None:
    persona, books = history()
    said = export(inside(persona=persona, house=books))
    assert header(said, "Content-Disposition") == (
        'attachment; filename="1tst0000000055.sm_data.xml.cms"'
    )
    assert said.body[:2] == b"\x30\x82"
    xml = opened(said.body, tmp_path)
    assert values(xml, "1") == [
        ("10554000", "0", "2026-02-28T23:00:01Z"),
        ("10551200", "4", "2026-02-28T22:45:03Z"),
    ]


def test_the_xml_is_arranged_as_in_the_example(tmp_path: Path) -> None:
    persona, books = history()
    xml = opened(export(inside(persona=persona, house=books)).body, tmp_path).decode()
    xml = re.sub("<ns2:smgw_signature>[0-9a-f]{256}<", "<ns2:smgw_signature>…<", xml)
    assert xml.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ns1:object class_id="7" class_version="1" id="01005e31803c.1tst0000000055.sm"\n'
        '    xmlns:ns1="urn:k461-dke-de:profile_generic-1" '
        'xmlns:ns2="urn:k461-dke-de:extension-1">\n'
        '  <ns1:attributes count="3">\n'
        '    <ns2:logical_name id="1">01005e31803c.1tst0000000055.sm</ns2:logical_name>\n'
        '    <ns1:capture_objects id="2" count="2">\n'
        '      <ns1:capture_object id="1">'
        "<ns2:logical_name>0100010800ff.1tst0000000055.sm</ns2:logical_name>"
        "<ns2:class_id>32822</ns2:class_id></ns1:capture_object>\n"
        '      <ns1:capture_object id="2">'
        "<ns2:logical_name>0100020800ff.1tst0000000055.sm</ns2:logical_name>"
        "<ns2:class_id>32822</ns2:class_id></ns1:capture_object>\n"
        "    </ns1:capture_objects>\n"
        '    <ns1:buffer id="3"><ns1:simple_data count="2">\n'
        '      <ns1:column id="1" count="2">\n'
        '        <ns1:entry_gateway_signed id="1"><ns2:value><ns2:long64>10554000</ns2:long64>'
        "</ns2:value><ns2:scaler>-1</ns2:scaler><ns2:unit>30</ns2:unit><ns2:status>"
        "<ns2:unsigned>0</ns2:unsigned></ns2:status>"
        "<ns2:capture_time>2026-02-28T23:00:01Z</ns2:capture_time>"
        "<ns2:smgw_signature>…</ns2:smgw_signature></ns1:entry_gateway_signed>\n"
    )
    assert xml.endswith("    </ns1:simple_data></ns1:buffer>\n  </ns1:attributes>\n</ns1:object>\n")


def test_a_missing_reading_has_status_3(tmp_path: Path) -> None:
    persona, books = history()
    persona["mark"].append({"target": "2026-02-28T22:30:00Z", "missing": True})
    span = {"from": "2026-02-28 23:20:00", "to": "2026-02-28 23:40:00"}
    xml = opened(export(inside(persona=persona, house=books), **span).body, tmp_path)
    assert [status for _, status, _ in values(xml, "2")] == ["3"]


def test_the_certificate_in_it_is_the_gateway_s_and_cryptography_reads_it() -> None:
    (certificate,) = pkcs7.load_der_pkcs7_certificates(export(inside()).body)
    assert certificate.subject.rfc4514_string() == "O=SMGW,C=DE,CN=EPPC0299000021.SIG"
    certificate.verify_directly_issued_by(certificate)


def test_the_same_content_is_always_the_same_file() -> None:
    assert export(inside()).body == export(inside()).body
    assert export(inside(seed=2)).body != export(inside()).body


def test_a_content_in_pieces_is_the_same_content(tmp_path: Path) -> None:
    span = {"from": "2026-02-20", "to": "2026-03-01"}
    whole = export(inside(), **span).body
    split = export(inside({"cms_split": "on"}), **span).body
    assert split != whole
    assert opened(split, tmp_path) == opened(whole, tmp_path)
    # No piece has more than a thousand octets, so the whole is nowhere in one.
    assert opened(whole, tmp_path) not in split


def test_a_file_without_a_signer_still_holds_its_content() -> None:
    body = export(inside({"signed": "off"})).body
    assert b"<?xml" in body
    done = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print", "-inform", "DER"],
        input=body,
        capture_output=True,
        check=True,
    )
    assert b"signerInfos:\n      <EMPTY>" in done.stdout


def test_eighty_five_days_come_in_one_file(tmp_path: Path) -> None:
    gateway = inside()
    said = export(gateway, **{"from": "2025-12-01", "to": "2026-02-24"})
    assert len(said.body) > 5_000_000
    assert len(values(opened(said.body, tmp_path), "1")) == 85 * 96


def test_a_span_without_values_is_a_page_and_no_file() -> None:
    said = export(inside(), **{"from": "2030-01-01", "to": "2030-01-02"})
    assert "Keine Z&auml;hlerdaten vorhanden" in said.body.decode()


def test_both_handles_are_taken_for_files() -> None:
    gateway = inside()
    mid = first_meter(gateway)
    assert gateway.act("exportMeterValues", mid=mid, **DAY).body[:1] == b"\x30"
    profile = gateway.act("exportMeterProfile", mid=mid)
    assert b"<ns1:samplerate>900</ns1:samplerate>" in profile.body
    assert b"<ns1:value>0100010800ff</ns1:value>" in profile.body


def test_a_file_leaves_the_token_as_it_was() -> None:
    gateway = inside()
    mid = first_meter(gateway)
    before = gateway.tkn
    gateway.act("exportMeterProfile", mid=mid)
    assert "form_meterform" in gateway.act("meterform").body.decode()
    assert gateway.tkn != before


def log_export(options: dict[str, str]) -> Response:
    gateway = inside(options)
    return gateway.act("exportLogData", **{"from": "2026-02-18", "to": "2026-02-28"})


def test_a_log_of_a_thousand_entries_is_a_file(tmp_path: Path) -> None:
    said = log_export({"entries": "100"})
    root = ElementTree.fromstring(opened(said.body, tmp_path))
    assert root.get("id") == "0000636203ff.eppc0299000021.sm"
    assert len(list(root.iter(f"{GENERIC}entry"))) == 1_000


@pytest.mark.parametrize(
    ("switch", "word"), [("off", "Datens&auml;tze"), ("on", "Datens&amp;auml;tze")]
)
def test_a_longer_log_is_a_page_that_says_so(switch: str, word: str) -> None:
    said = log_export({"entries": "101", "twice_escaped": switch})
    assert said.status == 200
    page = said.body.decode()
    assert f"Die Abfrage liefert 1010 {word}" in page
    assert "Es sind nur 1000 erlaubt." in page


def test_the_most_entries_of_a_log_s_file_can_be_switched() -> None:
    assert log_export({"entries": "2", "log_most": "20"}).body[:1] == b"\x30"
    assert log_export({"entries": "2", "log_most": "19"}).body[:1] != b"\x30"


def test_the_signer_s_certificate_is_the_same_in_pem() -> None:
    signer = Signer.of("1/some", "eppc0299000021")
    certificate = load_pem_x509_certificate(signer.certificate_pem.encode())
    assert certificate.not_valid_after_utc == datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_sealing_nothing_works(tmp_path: Path) -> None:
    given: dict[str, Any] = {"split": True}
    assert opened(Signer.of("1/some", "x").sealed(b"", **given), tmp_path) == b""


def test_no_session_no_file() -> None:
    said = bench().act("exportMeterValues", mid="0" * 32, **DAY)
    assert said.body[:1] != b"\x30"

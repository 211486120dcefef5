"""Certificates are made once: keys take their time."""

import pytest

from mitmeter.transport.certificates import Authority, Certificate
from tests.transport.ends import TODAY


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def glow(authority: Authority) -> Certificate:
    return authority.certificate_for(["*.sensornet.info"], kind="glow", now=TODAY)


@pytest.fixture(scope="session")
def legacy(authority: Authority) -> Certificate:
    return authority.certificate_for(["*.sensornet.info"], kind="legacy", now=TODAY)


@pytest.fixture(scope="session")
def plain(authority: Authority) -> Certificate:
    return authority.certificate_for(["meter.example"], now=TODAY)

"""What is registered, and what is said if that is not what was wanted."""

from __future__ import annotations

import pytest

from hatch_mar.errors import ReleaseError
from hatch_mar.project.config.models import ArchiveConfig
from hatch_mar.release.deployment.register import NothingRegisteredError, register
from tests.release.deployment.fake_torchserve import FakeTorchServe, Stored, refusal

NAMES = ("digits-2.0.mar", "digits.mar")


def run(fake: FakeTorchServe, *names: str) -> str:
    config = ArchiveConfig("digits", "2.0", "handler.py")
    return register(fake.remote(), config, names or NAMES, 1, lambda _: None)


@pytest.mark.parametrize("name", NAMES)
def test_name(name: str, fake: FakeTorchServe):
    """The first name that the model store has is taken."""
    fake.store[name] = Stored()

    assert run(fake) == name


def test_missing(fake: FakeTorchServe):
    expected = (
        "The server's model store has no `digits-2.0.mar` or `digits.mar`; publish digits 2.0 there first,"
        " or set `url`"
    )
    with pytest.raises(NothingRegisteredError) as error:
        run(fake)
    assert str(error.value) == expected


@pytest.mark.parametrize("there", [True, False])
def test_other_version(there: bool, fake: FakeTorchServe):
    """A file that is another version is no success, and does not stay registered because of this."""
    fake.add("0.1", *["1.0"] * there)
    fake.store["digits.mar"] = Stored(version="1.0")

    with pytest.raises(NothingRegisteredError) as error:
        run(fake)
    assert str(error.value) == (
        "`digits.mar` on the server has version 1.0 instead of 2.0, and there is no `digits-2.0.mar`; publish"
        " digits 2.0 there first"
    )
    assert [*fake.models["digits"]] == ["0.1", *["1.0"] * there]


def test_version_of_others(fake: FakeTorchServe):
    """What others register in the same moment stays registered."""
    fake.store["digits.mar"] = Stored(version="1.0")
    fake.overrides["POST /models"] = lambda: fake.add("3.0", url="digits-3.0.mar")

    with pytest.raises(NothingRegisteredError, match=r"has version 1\.0 instead of 2\.0"):
        run(fake, "digits.mar")
    assert [*fake.models["digits"]] == ["3.0"]


def test_gone(fake: FakeTorchServe):
    """If somebody else unregisters the version at once, that is said, and not that it is another one."""
    fake.overrides["POST /models"] = lambda: (200, {"status": "registered"})

    with pytest.raises(
        NothingRegisteredError, match=r"^Somebody else has unregistered digits 2\.0 just after"
    ):
        run(fake)


def test_name_of_model(fake: FakeTorchServe):
    """It is registered under the name of the model, so that it can be found, whatever the file says."""
    fake.store["digits.mar"] = Stored("letters", "2.0")

    assert run(fake) == "digits.mar"
    assert [*fake.models] == ["digits"]


def test_not_awaited(fake: FakeTorchServe):
    """The server is not asked to wait for the workers, which would make it let clients wait."""
    fake.store["digits.mar"] = Stored()
    run(fake, "digits.mar")

    [registration] = fake.changes
    assert "&synchronous=false" in registration


def test_conflict(fake: FakeTorchServe):
    """If somebody else is faster, their version is left alone."""
    fake.add("2.0")
    fake.store["digits.mar"] = Stored()

    with pytest.raises(NothingRegisteredError, match=r"^Somebody else has just registered digits 2\.0"):
        run(fake)


def test_secret(fake: FakeTorchServe):
    """A server's message that quotes the URL is shown without the signature."""
    url = "https://store/digits-2.0.mar?X-Amz-Signature=secret"
    fake.overrides["POST /models"] = lambda: refusal(
        400, "DownloadArchive", f"Failed to download archive from: {url}"
    )

    with pytest.raises(ReleaseError) as error:
        run(fake, url)
    assert str(error.value) == (
        "TorchServe said: Failed to download archive from: https://store/digits-2.0.mar?… (status 400);"
        " check that it can be fetched from the server's machine"
    )

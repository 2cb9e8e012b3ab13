from typing import Any

import pytest

from hatch_mar.errors import ConfigError, ReleaseError
from hatch_mar.release.store_errors import explain_store_errors


class ClientError(Exception):
    """As botocore raises it."""

    def __init__(self, code: str, status: int = 0) -> None:
        super().__init__("An error occurred")
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}


class HttpError(Exception):
    """As gcsfs raises it."""

    def __init__(self, code: int) -> None:
        super().__init__("Invalid Credentials")
        self.code = code


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def named(name: str) -> Exception:
    return type(name, (Exception,), {})("a sentence of the driver")  # type: ignore[no-any-return]


def message_of(error: Exception, url: str = "s3://models/digits.mar") -> str:
    with pytest.raises(ReleaseError) as raised, explain_store_errors(url):
        raise error
    return str(raised.value)


class TestExplainStoreErrors:
    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (named("NoCredentialsError"), "there are no credentials; set `AWS_ACCESS_KEY_ID` and"),
            (caused(PermissionError(), ClientError("ExpiredToken", 400)), "the credentials have expired"),
            (caused(PermissionError(), ClientError("AccessDenied", 403)), "access is denied; the"),
            (caused(PermissionError("Forbidden"), ClientError("403", 403)), "access is denied; the"),
            (caused(PermissionError(), ClientError("InvalidAccessKeyId")), "the store does not accept the"),
            (
                caused(PermissionError(), ClientError("SignatureDoesNotMatch")),
                "the store does not accept the",
            ),
            (caused(FileNotFoundError(), ClientError("NoSuchBucket")), "there is no such bucket; create it"),
            (FileNotFoundError("models/digits.mar"), "there is no such file; correct the URL"),
            (named("ParamValidationError"), "the name of the bucket is not valid; correct the URL"),
            (named("EndpointConnectionError"), "the store cannot be reached; check the network"),
            (named("FSTimeoutError"), "the store cannot be reached; check the network"),
            (caused(OSError(16, "busy"), ClientError("SlowDown", 503)), "the store is busy; try again later"),
            (ValueError("Must provide either a connection_string or"), "there are no credentials; set"),
            (named("NoValidConnectionsError"), "the store cannot be reached; check the network"),
            (HttpError(401), "the store does not accept the credentials; set"),
            (ValueError("Bucket name is odd\nand more"), "Bucket name is odd"),
            (ValueError(), "ValueError"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_sentences(self, error: Exception, sentence: str):
        """What a driver raises becomes one sentence, with what to do."""
        message = message_of(error)

        assert message.startswith(f"Cannot access `s3://models/digits.mar`: {sentence}")
        assert "\n" not in message

    @pytest.mark.parametrize(
        ("url", "remedy"),
        [
            ("gs://models", "set `GOOGLE_APPLICATION_CREDENTIALS`, or run"),
            ("az://models", "set `AZURE_STORAGE_CONNECTION_STRING`, or"),
            ("oss://models", "see the driver's documentation"),
        ],
    )
    def test_credentials(self, url: str, remedy: str):
        """What gives credentials depends on the store."""
        assert f"there are no credentials; {remedy}" in message_of(named("DefaultCredentialsError"), url)

    def test_own(self):
        """An error that is explained already stays as it is."""
        with pytest.raises(ConfigError, match=r"^wrong$"), explain_store_errors("s3://models"):
            raise ConfigError("wrong")

    def test_secrets(self):
        """Neither a password nor a signature is shown, in the URL or in the driver's message."""
        url = "https://me:secret@host/digits.mar?X-Amz-Signature=abc&x=1"
        message = message_of(ValueError(f"cannot open {url}"), url)

        assert message == (
            "Cannot access `https://…host/digits.mar?…`: cannot open https://…host/digits.mar?…"
        )

    def test_circle(self):
        """Exceptions that cause each other are explained all the same."""
        error: Any = ValueError("one")
        error.__cause__ = caused(ValueError("two"), error)

        assert message_of(error).endswith(": one")

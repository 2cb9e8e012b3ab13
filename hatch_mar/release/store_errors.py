"""Errors of a store's driver, each as one sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from hatch_mar.errors import HatchMarError, ReleaseError
from hatch_mar.release.hide_secrets import hide_secrets
from hatch_mar.text import truncate

LONGEST = 300
"""Characters of a driver's own message that are shown."""

FAMILIES = {
    "s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az", "hf": "hf",
}  # fmt: skip
LOG_IN = {
    "s3": "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE`",
    "gs": "set `GOOGLE_APPLICATION_CREDENTIALS`, or run `gcloud auth application-default login`",
    "az": "set `AZURE_STORAGE_CONNECTION_STRING`, or `AZURE_STORAGE_ACCOUNT_NAME` and"
    " `AZURE_STORAGE_ACCOUNT_KEY`",
    "hf": "set `HF_TOKEN`",
}  # fmt: skip
"""Where the drivers look for credentials, by the store."""

EXPIRED = "the credentials have expired; renew them"
NO_CREDENTIALS = "there are no credentials"
WRONG_CREDENTIALS = "the store does not accept the credentials"
DENIED = "access is denied; the credentials must allow reading there, and to publish also listing and writing"
NO_BUCKET = "there is no such bucket; create it, or correct the URL"
NO_FILE = "there is no such file; correct the URL"
BAD_BUCKET = "the name of the bucket is not valid; correct the URL"
UNREACHABLE = "the store cannot be reached; check the network, and the endpoint if you have set one"
BUSY = "the store is busy; try again later"

SENTENCES = (
    (r"ExpiredToken(Exception)?|TokenRefreshRequired|RefreshError|\w*TokenExpired\w*", EXPIRED),
    (r"NoCredentials\w*|PartialCredentials\w*|DefaultCredentialsError|MissingCredentials", NO_CREDENTIALS),
    (r"ProfileNotFound|CredentialRetrievalError|ClientAuthenticationError|InvalidToken", WRONG_CREDENTIALS),
    (r"InvalidAccessKeyId|SignatureDoesNotMatch|Authentication(Failed|Exception)|401", WRONG_CREDENTIALS),
    (r"NoSuchBucket|ContainerNotFound", NO_BUCKET),
    (r"InvalidBucketName|ParamValidationError", BAD_BUCKET),
    (r"AccessDenied|AllAccessDisabled|AuthorizationFailure|AuthorizationPermissionMismatch", DENIED),
    (r"PermissionError|403", DENIED),
    (r"EndpointConnectionError|\w*ConnectTimeout\w*|ConnectionError|ServiceRequestError", UNREACHABLE),
    (r"gaierror|SSLError", UNREACHABLE),
    (r"ClientConnector\w*|ConnectionRefusedError|ConnectionClosedError|ServerDisconnectedError", UNREACHABLE),
    (r"\w*TimeoutError|ReadTimeout\w*|NoValidConnectionsError", UNREACHABLE),
    (r"SlowDown|ServiceUnavailable|ServerBusy|429|503", BUSY),
    (r"FileNotFoundError|NoSuchKey|BlobNotFound|404", NO_FILE),
)  # fmt: skip
"""What the codes of stores and the names of drivers' exceptions mean; the first match counts."""


NO_CREDENTIALS_SAID = (
    "Must provide either a connection_string",
    "failed to retrieve a token from the included",
)
"""What adlfs and azure-identity say without credentials, since their exceptions are general ones."""


@contextmanager
def explain_store_errors(url: str) -> Iterator[None]:
    """Raise an error of a driver in the block as one sentence about `url`.

    Raises:
        ReleaseError: the driver failed. The message has no password and no signature.
    """
    try:
        yield
    except HatchMarError:
        raise
    except Exception as error:
        raise ReleaseError(f"Cannot access `{hide_secrets(url)}`: {explain(error, url)}") from error


def explain(error: BaseException, url: str) -> str:
    sentence = find_sentence(error)
    if sentence in (NO_CREDENTIALS, WRONG_CREDENTIALS):
        log_in = LOG_IN.get(FAMILIES.get(urlsplit(url).scheme, ""), "see the driver's documentation")
        return f"{sentence}; {log_in}"
    if sentence:
        return sentence
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return truncate(hide_secrets(lines[0]), LONGEST)


def find_sentence(error: BaseException) -> str | None:
    """What the codes and names of an error mean, if they are known."""
    if any(said in str(error) for said in NO_CREDENTIALS_SAID):
        return NO_CREDENTIALS
    marks = [*marks_of(error)]
    for pattern, sentence in SENTENCES:
        if any(re.fullmatch(pattern, mark) for mark in marks):
            return sentence
    return None


def marks_of(error: BaseException) -> Iterator[str]:
    """The codes of a store's answer, and the names of the types of an exception and of its causes.

    The more specific ones come first.
    """
    for each in chain_of(error):
        yield from codes_of(each)
        yield from (kind.__name__ for kind in type(each).__mro__ if kind not in (Exception, OSError, object))


def codes_of(error: BaseException) -> Iterator[str]:
    """The codes of a store's answer, as botocore, azure-core, gcsfs and aiohttp keep them."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        yield str(response.get("Error", {}).get("Code", ""))
        yield str(response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    for name in ("error_code", "status_code", "code", "status"):
        value = getattr(error, name, None)
        if isinstance(value, (int, str)):
            yield str(value)


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """An exception, and what caused it."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        yield link
        seen.append(link)
        link = link.__cause__ or link.__context__

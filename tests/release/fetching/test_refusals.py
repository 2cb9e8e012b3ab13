from __future__ import annotations

from ssl import SSLCertVerificationError

from hatch_mar.errors import ReleaseError
from hatch_mar.release.fetching.refusals import explain_silence


def test_unknown_authority():
    """A certificate that nobody vouches for is one line, with the variable for one's own server."""
    error = SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    found = explain_silence(error, "https://example.org/x?secret")

    assert isinstance(found, ReleaseError)
    assert str(found) == (
        "`https://example.org/x?…` has a certificate that cannot be trusted: self-signed certificate; if it"
        " is your own server, set `SSL_CERT_FILE` to the certificates of its authority"
    )

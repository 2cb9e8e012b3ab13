"""`--output-format sarif`: a log of SARIF 2.1.0, which code scanning of GitHub and many other tools read.

The sections are those of the standard (docs.oasis-open.org/sarif/sarif/v2.1.0).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hatch_mar.__about__ import DOCUMENTATION, __version__
from hatch_mar.checks import rules
from hatch_mar.cli._forms.located import Located
from hatch_mar.cli._json import print_json
from hatch_mar.finding import Rule

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "hatchMarFinding/v1"
"""Not `primaryLocationLineHash`, which GitHub's action computes from the line, and adds."""

LINK = re.compile(r"\[(?=[^\]]*\]\()")
"""What would begin a link in a message (3.11.6), such as in the name of a file that somebody else chose."""


def show_report(located: Sequence[Located]) -> None:
    print_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [describe_run(located)]})


def describe_run(located: Sequence[Located]) -> dict[str, Any]:
    known = rules()
    indices = {rule.code: index for index, rule in enumerate(known)}
    driver = {
        "name": "hatch-mar",
        "version": __version__,
        "informationUri": DOCUMENTATION,
        "rules": [describe_rule(rule) for rule in known],
    }
    return {
        "tool": {"driver": driver},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [describe_result(each, indices) for each in located],
    }


def describe_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.consequence},
        "help": {"text": f"{rule.fix}\n\n{rule.page}"},
        "helpUri": rule.page,
        "defaultConfiguration": {"level": rule.severity},
    }


def describe_result(located: Located, indices: Mapping[str, int]) -> dict[str, Any]:
    # GitHub requires a line, also for a finding about a whole file
    place = {"artifactLocation": locate_artifact(located.path), "region": {"startLine": located.line or 1}}
    return {
        "ruleId": located.finding.code,
        "ruleIndex": indices[located.finding.code],
        "level": located.finding.severity,
        "message": {"text": LINK.sub(r"\\[", located.text)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {FINGERPRINT: located.fingerprint},
    }


def locate_artifact(path: str) -> dict[str, str]:
    """A file by its URI: relative to the repository's root (3.4.4), or absolute if it is not in there."""
    if os.path.isabs(path):
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(os.fsencode(path)), "uriBaseId": ROOT}

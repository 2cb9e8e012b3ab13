"""Pretrained models that the handler loads by itself, from the internet or from a folder of the archive.

Only calls that certainly happen are looked at, and arguments that are all known.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from hatch_mar.checks.opened_files.making import Made
from hatch_mar.checks.pretrained import downloads, folders
from hatch_mar.checks.pretrained.libraries import find_downloader
from hatch_mar.checks.subject import Subject
from hatch_mar.finding import MOST_FINDINGS, Finding
from hatch_mar.pysource.rehearsal.events import Call


def check(subject: Subject) -> Iterator[Finding]:
    """Follow the handler, and report each line once, as far as there are not very many.

    Raises:
        Exhausted: the handler could not be followed to its end.
    """
    said: set[Finding] = set()
    for finding in find_all(subject):
        if finding not in said and len(said) < MOST_FINDINGS:
            said.add(finding)
            yield finding


def find_all(subject: Subject) -> Iterator[Finding]:
    made, keeps_downloads = Made(), cache(lambda: downloads.are_kept(subject))
    for event in subject.rehearsal:
        if not isinstance(event, Call):
            continue
        if event.is_certain and event.is_whole:
            found = (*downloads.check_call(subject, event, made), *folders.check_call(subject, event, made))
            for finding in found:
                if finding.rule is not downloads.DOWNLOAD or not keeps_downloads():
                    yield finding
        if not loads(event) or "local_dir" in event.keywords:
            made.follow(event)


def loads(call: Call) -> bool:
    """Whether a call is one that is looked at here, and makes no files in the model's directory."""
    return folders.find_reader(call) is not None or find_downloader(call.name) is not None

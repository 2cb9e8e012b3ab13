"""The models of a specification: where TorchServe gets them, and which of their settings it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice

from hatch_mar.checks.model_config.keys import nearest_key
from hatch_mar.checks.workflow.spec_file import UNUSED, SpecFile
from hatch_mar.finding import MOST_FINDINGS, Finding, Rule
from hatch_mar.text import ask_if_meant, quote, quote_some
from hatch_mar.torchserve import suffixes
from hatch_mar.torchserve.model_config import Table
from hatch_mar.torchserve.workflow_spec import MODEL_KEYS, SETTINGS, Spec

NO_ARCHIVE = Rule(
    code="MAR856",
    title="A model of the workflow does not name an archive that TorchServe can get",
    consequence="the registration fails with `Workflow Node … failed to register`",
    fix="set its `url` to the name of an archive in the model store, or to a URL",
)
MISSPELLED = Rule(
    code="MAR859",
    severity="warning",
    title="A model of the workflow names an archive that the project does not have",
    consequence="unless the model store has it, the registration fails with `Model not found`",
    fix="write the archive's file name",
)
UNNAMED = Rule(
    code="MAR857",
    severity="note",
    title="A model is not in the workflow's graph",
    consequence="TorchServe does not load it",
    fix="name it in `dag`, or remove it",
)


def check(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    for found in (check_urls, check_archives, check_names, check_keys, check_order):
        yield from islice(found(file, spec), MOST_FINDINGS)


def check_urls(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    downloaded: dict[str, str] = {}
    for name, model in spec.models.items():
        if name not in spec.nodes or not isinstance(model, Table):
            continue
        url = model.get("url")
        if url is None or url == "":
            place = file.place(model.lines.get("url", spec.line_of(name)))
            yield NO_ARCHIVE.at(place, f"Model {quote(name)} has no `url`")
        elif isinstance(url, str) and ".." in url:
            text = f"Model {quote(name)} has a `url` with two dots in a row: {quote(url)}"
            yield NO_ARCHIVE.at(file.place(model.lines.get("url")), text, "name the archive without its path")
        elif isinstance(url, str) and "://" in url:
            archive = url.rpartition("/")[2]
            if (other := downloaded.setdefault(archive, name)) != name:
                text = f"Models {quote(other)} and {quote(name)} are both downloaded to {quote(archive)}"
                fix = "put the archive into the model store, and name it there"
                yield NO_ARCHIVE.at(file.place(model.lines.get("url")), text, fix, severity="warning")


def check_archives(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    """Archives that are called nearly as one of the project's is. Others may be from elsewhere."""
    known = file.subject.models
    plain = {squeeze(name): name for name in known}
    named = {name: archive_of(model) for name, model in spec.models.items() if name in spec.nodes}
    others = ((name, archive) for name, archive in named.items() if archive and archive not in known)
    for name, archive in islice(others, MOST_FINDINGS):
        same = plain.get(squeeze(archive))
        # one that another model names is not the one that is meant here
        close = get_close_matches(archive, set(known) - set(named.values()), n=1, cutoff=0.85)
        if meant := same or next(iter(close), None):
            text = f"Model {quote(name)} names `{archive}`, which is not an archive of the project"
            place = file.place(spec.models[name].lines.get("url"))
            yield MISSPELLED.at(place, text, ask_if_meant(meant), severity=None if same else "note")


def archive_of(model: object) -> str:
    """The file that TorchServe looks for in its model store; empty if it downloads one."""
    url = model.get("url") if isinstance(model, Table) else None
    return url.rpartition("/")[2] if isinstance(url, str) and "://" not in url else ""


def squeeze(name: str) -> str:
    """What is left of a file name when it is written in another way."""
    for suffix in suffixes.ARCHIVES:
        name = name.removesuffix(suffix)
    return re.sub(r"[\W_]", "", name).casefold()


def check_names(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    for name, model in spec.models.items():
        if spec.edges and name not in spec.nodes and isinstance(model, Table):
            yield UNNAMED.at(file.place(spec.line_of(name)), f"`dag` does not name model {quote(name)}")


def check_keys(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    """Settings that TorchServe does not know; most are misspelled."""
    for name, model in spec.models.items():
        for key in model if isinstance(model, Table) else ():
            if key not in MODEL_KEYS:
                meant = nearest_key(key, MODEL_KEYS)
                yield UNUSED.at(
                    file.place(model.lines.get(key)),
                    f"TorchServe does not know the setting `{key}` of model {quote(name)}",
                    ask_if_meant(meant) if meant else None,
                    severity=None if meant else "note",
                )


def check_order(file: SpecFile, spec: Spec) -> Iterator[Finding]:
    """Defaults that come too late: TorchServe reads `models` from its beginning to its end, once."""
    before: list[str] = []
    for key, value in (spec.table.table("models") or Table()).items():
        if key not in SETTINGS:
            before += [key] if key in spec.models and isinstance(value, Table) else []
            continue
        without = [name for name in before if key not in spec.models[name]]
        if without:
            text = f"`models.{key}` comes after {quote_some(without)}, which TorchServe gives its own default"
            fix = "move it to the beginning of `models`"
            yield UNUSED.at(file.place(spec.line_of(key)), text, fix)

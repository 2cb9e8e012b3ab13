"""Small archives of models, ready to be published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hatch_mar.archive.archive import Archive, BytesSource, Member
from hatch_mar.archive.formats.format import FORMATS, WORKFLOW
from hatch_mar.archive.manifest import WORKFLOW_MANIFEST_NAME, Manifest
from hatch_mar.release.publishing.ready import Ready
from tests.archives import PACKING

FILES = {"handler.py": b"def handle(data, context): ...\n"}


def make_ready(
    directory: Path,
    name: str = "digits",
    version: str | None = "1.0",
    form: str = "default",
    *,
    file: str = "",
    files: Mapping[str, bytes] = FILES,
    runtime: str = "python",
    root: str = "digits",
    **model: str,
) -> Ready:
    """An archive in `directory`, whose file is called like the model unless `file` is given.

    Further arguments are keys of its manifest's `model`.
    """
    named = {"modelName": name} | ({"modelVersion": version} if version else {})
    manifest = Manifest({"runtime": runtime, "model": {**named, "handler": "handler.py", **model}})
    kind = FORMATS[form]
    path = directory / f"{file or name}{kind.suffix}"
    members = (Member(member, BytesSource(data)) for member, data in files.items())
    kind.write(Archive(manifest, members), path, PACKING._replace(root=root))
    return Ready(path, name, version, kind)


def make_workflow(directory: Path) -> Ready:
    manifest = Manifest(
        {"workflow": {"workflowName": "pipe", "specFile": "spec.yaml"}}, WORKFLOW_MANIFEST_NAME
    )
    path = directory / "pipe.war"
    WORKFLOW.write(Archive(manifest, [Member("spec.yaml", BytesSource(b"dag: {}\n"))]), path, PACKING)
    return Ready(path, "pipe", None, WORKFLOW)

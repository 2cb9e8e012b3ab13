"""Code that reads its command line when the worker runs it, where the command line is the worker's."""

from __future__ import annotations

from collections.abc import Iterator

from hatch_mar.checks.subject import Subject
from hatch_mar.finding import Finding, Rule
from hatch_mar.pysource.rehearsal.events import ReadArguments
from hatch_mar.pysource.rehearsal.library import ARGUMENTS

READ = Rule(
    code="MAR270",
    severity="warning",
    title="The handler reads the worker's own arguments",
    consequence="the worker exits with `unrecognized arguments`, or the handler takes them for its own",
    fix="read them only `if __name__ == '__main__'`, and take settings from the model configuration",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Report each module that reads them, in the line where it does so first."""
    said = set()
    for event in subject.rehearsal:
        if isinstance(event, ReadArguments) and event.is_certain and event.module not in said:
            said.add(event.module)
            reads = "" if event.reader == ARGUMENTS else f"`{event.reader}` reads "
            has = f"`{ARGUMENTS}`, which has" if reads else f"`{ARGUMENTS}` has"
            text = f"{reads}{has} the worker's own arguments when TorchServe runs this"
            yield READ.at(subject.place(event.module.member, event.line), text)

"""`hatch-mar deploy`: rolls archives out to a running TorchServe."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hatch_mar.build.plan import load_configs
from hatch_mar.cli._json import add_json_option, print_json
from hatch_mar.cli._parser import make_parser
from hatch_mar.cli._project import add_project_options, open_project
from hatch_mar.cli._termination import exit_on_signals
from hatch_mar.errors import ReleaseError
from hatch_mar.output import remark, show
from hatch_mar.project.config.archiver_options import add_option
from hatch_mar.project.config.models import ArchiveConfig, Config, Deployment, field_of, select
from hatch_mar.project.config.schema import DEPLOY_KEYS
from hatch_mar.text import count_of, join_steps, quote_each

if TYPE_CHECKING:
    from hatch_mar.release.deployment.rollout import Deployed, Rollout

DESCRIPTION = """Roll a project's archives out to a running TorchServe, without losing a request. The
server must already be able to load them, from its model store or from a URL. Each archive is
registered as a new version, has to answer its examples, and becomes the default; the old version is
unregistered when it has answered all its requests. If anything fails before the new version is the
default, it is unregistered again, and the old version keeps answering. The first failure ends the
command.

For a server with token authorization, set HATCH_MAR_MANAGEMENT_KEY and HATCH_MAR_INFERENCE_KEY, or
name its key file. Each option overrides the key of the same name in [tool.mar.deploy], and --to
overrides `management`; if it names another server, `inference` and `key-file` are ignored."""
EXAMPLE = "hatch-mar deploy digits --to http://serving:8081"


def parser() -> ArgumentParser:
    command = make_parser("deploy", DESCRIPTION, EXAMPLE)
    command.add_argument("names", nargs="*", metavar="NAME", help="a model's name; all archives by default")
    add_project_options(command)
    command.add_argument(
        "--to", metavar="URL", type=reads("management"), help="the server's management API, http://HOST:8081"
    )
    add_setting(command, "inference", "URL")
    add_setting(command, "url", "FILE|URL")
    add_setting(command, "workers", "N", int)
    add_setting(command, "keep", "N", int)
    add_setting(command, "drain", "SECONDS", float)
    add_setting(command, "timeout", "SECONDS", float)
    command.add_argument("--key-file", metavar="FILE", help="the server's key_file.json")
    command.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and change nothing on the server"
    )
    add_json_option(command)
    return command


def add_setting(command: ArgumentParser, key: str, metavar: str, convert: Callable[[str], Any] = str) -> None:
    setting = DEPLOY_KEYS[key]
    default = setting.unset.replace("`", "") or setting.default
    add_option(
        *(command, DEPLOY_KEYS, f"--{key}"),
        more=f" (default: {default})",
        metavar=metavar,
        type=reads(key, convert),
    )


def reads(key: str, convert: Callable[[str], Any] = str) -> Callable[[str], Any]:
    """A reader of what is typed for a key."""

    def read(text: str) -> Any:
        value: Any = text
        with suppress(ValueError):  # about which the reader says more
            value = convert(text)
        try:
            return DEPLOY_KEYS[key].read(value)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return read


def main(arguments: list[str]) -> int:
    command = parser()
    options = command.parse_args(arguments)
    from hatch_mar.release.deployment.plan_rollouts import plan_rollouts  # which takes longer than the help

    project = open_project(options)
    settings = override(project.config().deploy, options)
    if not settings.management:
        command.error("no server is named; give --to URL, or set `management` in [tool.mar.deploy]")
    configs = leave_out_workflows(select(load_configs(project), options.names), options.names)
    describe = foretell if options.dry_run else report
    outcomes: list[Deployed] = []
    try:
        with exit_on_signals():
            rollouts = plan_rollouts(configs, settings, project.root, remark)
            for outcome in foresee(rollouts) if options.dry_run else roll_out(rollouts):
                outcomes.append(outcome)
                if not options.json:
                    show(describe(outcome, settings), flush=True)
    finally:
        if options.json and outcomes:  # the others too, if one could not be deployed
            print_json([outcome.to_json() for outcome in outcomes])
    return 0


def override(settings: Deployment, options: Namespace) -> Deployment:
    """The settings of the project, overridden by the given options.

    For another server than the project's, its inference API and keys do not count.
    """
    if options.to and options.to.rstrip("/") != (settings.management or options.to).rstrip("/"):
        settings = settings._replace(inference=None, key_file=None)
    given = {field_of(key): getattr(options, field_of(key), None) for key in DEPLOY_KEYS}
    given |= {
        "management": options.to,
        "key_file": options.key_file and os.path.abspath(options.key_file),
    }
    settings = settings._replace(**{key: value for key, value in given.items() if value is not None})
    return settings._replace(management=settings.management and settings.management.rstrip("/"))


def leave_out_workflows(configs: list[Config], names: list[str]) -> list[ArchiveConfig]:
    """The archives of models.

    Raises:
        ReleaseError: a workflow is asked for by its name, or there is no model.
    """
    models = [config for config in configs if isinstance(config, ArchiveConfig)]
    if others := [config.name for config in configs if not isinstance(config, ArchiveConfig)]:
        line = f"Workflows are not deployed: {quote_each(others)}; register them with `POST /workflows`"
        if names or not models:
            raise ReleaseError(line)
        remark(line)
    return models


def foresee(rollouts: list[Rollout]) -> Iterator[Deployed]:
    return (rollout.foresee() for rollout in rollouts)


def roll_out(rollouts: list[Rollout]) -> Iterator[Deployed]:
    """Deploy one archive after another; after a failure, the others stay as they are."""
    for number, rollout in enumerate(rollouts):
        try:
            yield rollout.run()
        except ReleaseError as error:
            left = [other.label for other in rollouts[number + 1 :]]
            more = (f"Not deployed after this failure: {', '.join(left)}",) if left else ()
            raise ReleaseError(*error.causes, *more) from None


def report(outcome: Deployed, settings: Deployment) -> str:
    label = f"{outcome.name} {outcome.version}"
    if not outcome.changed:
        return f"{label} is already the default of {settings.management}{others(outcome)}"
    now = f"has replaced {outcome.previous} as" if outcome.previous else "is now"
    return f"{label} {now} the default of {settings.management}{others(outcome)}"


def foretell(outcome: Deployed, settings: Deployment) -> str:
    if not outcome.changed:
        return report(outcome, settings)
    steps = [f"registered from `{outcome.registered}`"] if outcome.registered else []
    steps += [f"tried with {count_of(outcome.examples, 'example')}"] if outcome.examples else []
    steps += [f"made the default of {settings.management}"]
    steps += [f"{', '.join(outcome.unregistered)} unregistered"] if outcome.unregistered else []
    return f"{outcome.name} {outcome.version} would be {join_steps(steps)}{others(outcome)}"


def others(outcome: Deployed) -> str:
    """The old versions that stay, for the end of a line."""
    kept = outcome.still_registered
    return f"; still registered: {', '.join(kept)}" if kept else ""

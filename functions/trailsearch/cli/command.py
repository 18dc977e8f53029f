"""A command: whatever it fails with, it says in one line and with an exit code, and ``DEBUG=1`` shows where."""

import errno
import os
import traceback
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from click.core import ParameterSource

from trailsearch.aws.clients import AwsNotConfigured
from trailsearch.cli.console import CommandFailed, degrade_output, say


class Interrupted(CommandFailed):
    """Somebody has pressed Ctrl-C. Exits as a shell does of what ends by SIGINT."""

    exit_code = 130


class OptionRefused(CommandFailed):
    """What was typed cannot be taken for an option; says of which, and why. Exits as click does of what is typed wrong."""

    exit_code = 2


class OptionUnreadable(OptionRefused):
    """What was typed is no text; says of which option."""


class Command(click.Command):
    """A command that never shows a traceback: ``@click.command(cls=Command)``.

    What a command expects to fail it handles itself. Here is what none expects, and Ctrl-C. ``DEBUG=1`` shows the
    traceback of whatever it fails with.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Describe the command, as click does."""
        super().__init__(*arguments, **options)
        for parameter in self.params:
            # The names that a message has for what it asks for: "integer range" is none that says it.
            if isinstance(parameter.type, click.IntRange | click.FloatRange):
                parameter.type.name = (
                    "whole number" if isinstance(parameter.type, click.IntRange) else "number"
                )

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command as a program: what the output's encoding lacks is replaced."""
        degrade_output()
        return super().main(*arguments, **options)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options.

        Raises:
            OptionRefused: the environment, where make puts what is typed, has a value that is none of this option.
            OptionUnreadable: one is in another encoding than the locale's. Python hands on such bytes as lone
                surrogates (PEP 383), which nothing can be asked with.
        """
        try:
            rest = super().parse_args(ctx, args)
        except click.BadParameter as error:
            if (refusal := _of_what_was_typed_for_make(ctx, error)) is None:
                raise
            raise OptionRefused(refusal) from error
        for parameter in ctx.command.params:
            value = ctx.params.get(parameter.name or "")
            if isinstance(value, str) and any("\udc80" <= character <= "\udcff" for character in value):
                name = (
                    parameter.envvar if isinstance(parameter.envvar, str) else parameter.human_readable_name
                )
                raise OptionUnreadable(f"{name} is not in this terminal's encoding, as UTF-8 is: {value}")
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            Interrupted: somebody has pressed Ctrl-C.
            CommandFailed: something has failed; ``explain`` says what.
        """
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            _show_where()
            if isinstance(error, click.UsageError):
                # How Python is called is nothing for those who have typed a target of make.
                error.ctx = None
            raise
        except (click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt as interrupt:
            _show_where()
            raise Interrupted("Interrupted") from interrupt
        # Whatever it is, an operator is to read it, and whoever mends it can ask for more.
        except Exception as error:
            # Whoever reads the output has gone, as head does; click knows what to do.
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise
            _show_where()
            raise CommandFailed(self.explain(error)) from error

    def explain(self, error: Exception) -> str:
        """Say in one line what a command failed with that it did not expect."""
        return f"{_in_one_line(f'{type(error).__name__}: {error}')} (DEBUG=1 shows where)"


class AwsCommand(Command):
    """A command that asks AWS, and says in one line why it cannot: ``@click.command(cls=AwsCommand)``.

    What a command expects AWS to refuse it handles itself. Here is what none expects: a profile that is not there,
    credentials that cannot be had, no Region, and what else botocore raises.
    """

    def explain(self, error: Exception) -> str:
        """Say in one line why AWS cannot be asked, or what else has failed."""
        if isinstance(error, AwsNotConfigured):
            return f"AWS cannot be asked. {error}"
        if isinstance(error, BotoCoreError | ClientError):
            return f"AWS cannot be asked: {error}"
        return super().explain(error)


def _of_what_was_typed_for_make(ctx: click.Context, error: click.BadParameter) -> str | None:
    """Say what is wrong with an option by the name of the variable that it was taken from; None if it was from none."""
    parameter = error.param
    if parameter is None or not isinstance(variable := parameter.envvar, str):
        return None
    if isinstance(error, click.MissingParameter):
        return f"{variable} is empty" if os.environ.get(variable) == "" else None
    if ctx.get_parameter_source(parameter.name or "") is not ParameterSource.ENVIRONMENT:
        return None
    if isinstance(parameter.type, click.types.BoolParamType):
        return f"{variable}: {os.environ[variable]!r} is neither 1 nor 0."
    return f"{variable}: {_in_one_line(error.message)}"


def _show_where() -> None:
    if os.environ.get("DEBUG", "0") not in {"", "0"}:
        say(traceback.format_exc(), err=True)


def _in_one_line(text: str) -> str:
    return " ".join(text.split())

"""A command: whatever it fails with, it says in one line and with an exit code, and ``DEBUG=1`` shows where."""

import errno
import os
import traceback
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws.clients import AwsNotConfigured
from trailsearch.cli.console import CommandFailed, degrade_output, say


class Interrupted(CommandFailed):
    """Somebody has pressed Ctrl-C. Exits as a shell does of what ends by SIGINT."""

    exit_code = 130


class OptionUnreadable(CommandFailed):
    """What was typed is no text; says of which option. Exits as click does of what is typed wrong."""

    exit_code = 2


class Command(click.Command):
    """A command that never shows a traceback: ``@click.command(cls=Command)``.

    What a command expects to fail it handles itself. Here is what none expects, and Ctrl-C. ``DEBUG=1`` shows the
    traceback of whatever it fails with.
    """

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command as a program: what the output's encoding lacks is replaced."""
        degrade_output()
        return super().main(*arguments, **options)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options.

        Raises:
            OptionUnreadable: one is in another encoding than the locale's. Python hands on such bytes as lone
                surrogates (PEP 383), which nothing can be asked with.
        """
        rest = super().parse_args(ctx, args)
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
        except click.ClickException:
            _show_where()
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


def _show_where() -> None:
    if os.environ.get("DEBUG", "0") not in {"", "0"}:
        say(traceback.format_exc(), err=True)


def _in_one_line(text: str) -> str:
    return " ".join(text.split())

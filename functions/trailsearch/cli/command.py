"""A command that asks AWS."""

from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from trailsearch.aws.clients import AwsNotConfigured
from trailsearch.cli.console import CommandFailed


class AwsCommand(click.Command):
    """A command that asks AWS, and says in one line why it cannot: ``@click.command(cls=AwsCommand)``.

    What a command expects AWS to refuse it handles itself. Here is what none expects: a profile that is not there,
    credentials that cannot be had, no Region, and what else botocore raises.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            CommandFailed: AWS cannot be asked.
        """
        try:
            return super().invoke(ctx)
        except AwsNotConfigured as error:
            raise CommandFailed(f"AWS cannot be asked. {error}") from error
        except (BotoCoreError, ClientError) as error:
            raise CommandFailed(f"AWS cannot be asked: {error}") from error

"""Serve the search page of an environment on this machine, and open it: ``make ui``."""

import contextlib
import logging
import secrets
import sys
import webbrowser
from typing import Any, Final
from urllib.parse import urlencode

import click
import uvicorn

from trailsearch.cli.command import AwsCommand
from trailsearch.cli.console import make_console, say
from trailsearch.cli.environment import Environment
from trailsearch.page.behind import Deployed
from trailsearch.page.server import LOOPBACK, listen, make_app

_PORT: Final = 8642
_TOKEN_BYTES: Final = 24


class _Server(uvicorn.Server):
    """Says where the page is once it can be opened."""

    def __init__(self, config: uvicorn.Config, link: str, *, browse: bool) -> None:
        super().__init__(config)
        self._link, self._browse = link, browse

    async def startup(self, *arguments: Any, **options: Any) -> None:
        """Begin to answer."""
        await super().startup(*arguments, **options)
        # Of a line that is broken, only a part would be a link.
        say(f"The search page: {self._link}")
        say("It is for this browser alone. Ctrl-C ends it.")
        if self._browse:
            webbrowser.open(self._link)


@click.command(cls=AwsCommand)
@click.option("--env", "environment", envvar="ENV", required=True, help="The environment, for example dev.")
@click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="Of this machine.",
)
@click.option("--open/--no-open", "browse", envvar="OPEN", default=None, help="Open it in a browser.")
@click.option("--since", envvar="SINCE", default="", help="From when, in the view that it opens with.")
@click.option("--until", envvar="UNTIL", default="", help="Before when, likewise.")
def ui(environment: str, port: int, browse: bool | None, since: str, until: str) -> None:
    """Serve the search page of an environment to whoever opens the link that is printed."""
    behind = Deployed(Environment(environment))
    with make_console().status("Looking for the search domain …"):
        behind.domain()
    with listen(port) as listening:
        serve(
            behind,
            listening,
            browse=sys.stdout.isatty() if browse is None else browse,
            since=since,
            until=until,
        )


def serve(behind: Deployed, listening: Any, *, browse: bool, since: str = "", until: str = "") -> None:
    """Serve until somebody presses Ctrl-C, which ends it well."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    port = listening.getsockname()[1]
    times = {name: time for name, time in (("since", since), ("until", until)) if time}
    link = f"http://{LOOPBACK}:{port}/?{urlencode({'token': token, **times})}"
    # It would log addresses, and the token is in one of them.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        make_app(behind, token=token, port=port),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config, link, browse=browse).run(sockets=[listening])
    say("The search page has ended.")


if __name__ == "__main__":
    ui()

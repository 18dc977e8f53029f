"""The server of the page: its addresses, behind the guard."""

import socket
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from trailsearch.cli.console import CommandFailed
from trailsearch.page.api import routes
from trailsearch.page.behind import Behind
from trailsearch.page.guard import Guard

LOOPBACK: Final = "127.0.0.1"
_STATIC: Final = Path(__file__).parent / "static"


class PortTaken(CommandFailed):
    """Something else listens on the port, or this user may not; says which."""


def make_app(behind: Behind, *, token: str, port: int) -> ASGIApp:
    """Make the app that serves the page of an environment, to whoever has the token, at a port of this machine."""
    app = Starlette(routes=[*routes(behind), Mount("/", StaticFiles(directory=_STATIC, html=True))])
    return Guard(app, token=token, port=port)


def listen(port: int) -> socket.socket:
    """Listen on the loopback interface, on this port; 0 lets the system choose one.

    Raises:
        PortTaken: that cannot be had.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        raise PortTaken(
            f"Port {port} of this machine cannot be had: {error.strerror}. Name another one by PORT, or let it be chosen: PORT=0"
        ) from error
    return listening

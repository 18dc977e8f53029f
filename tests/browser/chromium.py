"""The browser of the tests: Chromium of the system, installed where that takes no more than apt."""

import os
import subprocess
from functools import cache
from pathlib import Path
from shutil import which

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_A_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# Nothing that Chromium does by itself, as to look for updates, and no sandbox, which root and containers do not have.
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
_INSTALL = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"),
)
_MINUTES = 5


class NoChromium(Exception):
    """There is no Chromium, and none can be installed; says why."""


@cache
def chromium() -> str:
    """Give the path of Chromium; where there is none, root and apt, it is installed.

    Raises:
        NoChromium: there is none.
    """
    if found := _found():
        return found
    if not which("apt-get") or os.geteuid() != 0:
        raise NoChromium("needs Chromium, which is not on the path; as root, apt would install it")
    for command in _INSTALL:
        try:
            subprocess.run(
                command,
                check=True,
                capture_output=True,
                timeout=_MINUTES * 60,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise NoChromium(
                f"needs Chromium, which {' '.join(command)} does not install: {error}"
            ) from error
    if found := _found():
        return found
    raise NoChromium("needs Chromium, which is not on the path after apt has installed it")


def _found() -> str | None:
    on_path = next(filter(None, map(which, NAMES)), None)
    return on_path or (str(ON_A_MAC) if ON_A_MAC.exists() else None)

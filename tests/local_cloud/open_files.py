"""How many files the local cloud may have open: each large object is one, and each connection."""

import contextlib
import resource

OPEN_FILES = 65_536
# macOS says that there is no end, and may refuse more than its OPEN_MAX all the same: "Use rlim_cur = min(OPEN_MAX,
# rlim_max)", its setrlimit(2) says under COMPATIBILITY.
OPEN_MAX = 10_240


def allow_open_files() -> None:
    """Raise the process's own limit as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (OPEN_FILES, OPEN_MAX):
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return

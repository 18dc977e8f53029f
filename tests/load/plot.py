"""Plot of a load run: ingest queue, executions and events over time."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from tests.load.sampler import Sample

MAX_POINTS = 300
# Grey and colours that stand out from white and from GitHub's near-black alike.
_GREY, _BLUE, _ORANGE, _GREEN = "#7d8590", "#4184e4", "#d4762c", "#2f9e5b"
_STYLE: Any = {
    "axes.edgecolor": _GREY,
    "axes.labelcolor": _GREY,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": _GREY,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "font.family": "sans-serif",
    "grid.alpha": 0.3,
    "grid.color": _GREY,
    "legend.frameon": False,
    "legend.labelcolor": _GREY,
    "path.simplify_threshold": 0.5,
    # Equal samples give an equal file, with its text as text.
    "svg.fonttype": "none",
    "svg.hashsalt": "load",
    "xtick.color": _GREY,
    "ytick.color": _GREY,
}


def thin_out(samples: Sequence[Sample], most: int = MAX_POINTS) -> list[Sample]:
    """Return at most `most` samples (2 or more), evenly chosen, the first and the last among them."""
    if len(samples) <= most:
        return list(samples)
    step = (len(samples) - 1) / (most - 1)
    return [samples[round(number * step)] for number in range(most)]


def plot(samples: Sequence[Sample], *files: Path) -> None:
    """Draw the samples into files, in the format of their suffix (.svg, .png); the background is transparent."""
    shown = thin_out(samples)
    minutes = [sample.seconds / 60 for sample in shown]
    with rc_context(_STYLE):
        figure = Figure(figsize=(9, 6.5), layout="constrained")
        queue, executions, events = figure.subplots(3, 1, sharex=True)
        in_flight = [sample.in_flight for sample in shown]
        all_messages = [sample.waiting + sample.in_flight for sample in shown]
        queue.set_title("Messages in the ingest queue")
        queue.fill_between(minutes, in_flight, all_messages, color=_BLUE, alpha=0.5, lw=0, label="visible")
        queue.fill_between(minutes, 0, in_flight, color=_ORANGE, lw=0, label="in flight")
        executions.set_title("Executions running")
        executions.plot(
            minutes, [sample.executions for sample in shown], color=_BLUE, drawstyle="steps-post", lw=1.2
        )
        events.set_title("Events")
        events.plot(
            minutes, [sample.delivered for sample in shown], color=_ORANGE, ls="--", label="delivered"
        )
        events.plot(minutes, [sample.indexed for sample in shown], color=_GREEN, lw=2, label="indexed")
        events.set_xlabel("minutes since the first log")
        for axes in (queue, executions, events):
            axes.grid(visible=True)
            axes.set_ylim(bottom=0)
            axes.set_xlim(0, math.nextafter(minutes[-1], math.inf))
            axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.yaxis.set_major_formatter(EngFormatter(sep=""))
        queue.legend(loc="upper right", reverse=True)
        events.legend(loc="lower right")
        for file in files:
            metadata = {"Date": None} if file.suffix == ".svg" else None
            figure.savefig(file, transparent=True, dpi=100, metadata=metadata)

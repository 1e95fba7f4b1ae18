"""Plots: the only place that draws, as SVG that a browser shows on a light background."""

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks.results import Plot

COLOURS: Final = ("#4269d0", "#efb118", "#ff725c", "#3ca951", "#9c6b4e", "#6cc5b0", "#a463f2")
INCHES: Final = (8.0, 4.5)
_STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "kmspec",
    "font.family": "sans-serif",
    "font.size": 11.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "axes.axisbelow": True,
    "figure.facecolor": "white",
}
_MARKS: Final = "os^Dv<>"


def draw(plot: Plot, file: Path) -> None:
    """Write a plot; the ending of the file's name says in what format."""
    with mpl.rc_context():
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=INCHES, layout="constrained")
        axes = figure.subplots()
        axes.set_title(plot.title, loc="left")
        axes.set_ylabel(plot.y)
        axes.set_xlabel(plot.x)
        if plot.log_y:
            axes.set_yscale("log")
        if plot.bars:
            _bars(plot, axes)
        else:
            _lines(plot, axes)
        axes.yaxis.set_major_formatter(FuncFormatter(_number))
        if not plot.log_y:
            axes.set_ylim(bottom=0)
        if len(plot.lines) > 1:
            figure.legend(loc="outside lower center", ncols=3, frameon=False)
        file.parent.mkdir(parents=True, exist_ok=True)
        metadata = {"Date": None} if file.suffix == ".svg" else None
        figure.savefig(file, metadata=metadata, dpi=100)


def _lines(plot: Plot, axes: Axes) -> None:
    if plot.log_x:
        axes.set_xscale("log")
    for index, one in enumerate(plot.lines):
        axes.plot(
            [float(x) for x in one.x],
            one.y,
            label=one.label,
            color=COLOURS[index % len(COLOURS)],
            marker=_MARKS[index % len(_MARKS)],
            markersize=4,
            linestyle="none" if plot.points else "-",
        )
    axes.xaxis.set_major_formatter(FuncFormatter(_number))
    if plot.log_x and len(plot.lines[0].x) <= len(_MARKS):
        axes.set_xticks([float(x) for x in plot.lines[0].x], minor=False)
        axes.minorticks_off()


def _bars(plot: Plot, axes: Axes) -> None:
    categories = [str(x) for x in plot.lines[0].x]
    width = 0.84 / len(plot.lines)
    for index, one in enumerate(plot.lines):
        left = [categories.index(str(x)) - 0.42 + (index + 0.5) * width for x in one.x]
        axes.bar(left, one.y, width, label=one.label, color=COLOURS[index % len(COLOURS)])
    axes.set_xticks(range(len(categories)), categories, fontsize=9)
    axes.grid(visible=False, axis="x")


def _number(value: float, _: int | None = None) -> str:
    return f"{value:,.0f}" if value >= 1 or value == 0 else f"{value:g}"

"""Progress: the only place that shows on a terminal how far a run is."""

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from kmspec_check.events import Event, Listener, PhaseEnded, PhaseStarted, Progressed, silent


@contextlib.contextmanager
def shown(console: Console) -> Iterator[Listener]:
    """A listener that draws a bar for each phase while it runs; silent off a terminal."""
    if not console.is_terminal:
        yield silent
        return
    columns = (TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def listen(event: Event) -> None:
            match event:
                case PhaseStarted(phase, total):
                    tasks[phase] = bars.add_task(phase, total=total)
                case Progressed(phase, done):
                    bars.update(tasks[phase], completed=done)
                case PhaseEnded(phase):
                    bars.remove_task(tasks[phase])
                case _:
                    pass

        yield listen

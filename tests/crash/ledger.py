"""The ledger: the only place that knows what must be there after a crash.

A resource is as the last answered request left it, or, if one was on its way when the server
was killed, as that one would have left it: nothing in between, and nothing older.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.crash.server import Client

State: TypeAlias = Mapping[str, Any] | None
"""What is to be seen of a resource; ``None`` when it is not there."""
Look: TypeAlias = Callable[[Client], State]


@dataclass
class Resource:
    """Something one client alone changes."""

    name: str
    look: Look
    state: State = None
    earlier: list[State] = field(default_factory=list)
    """What it was before, in order."""
    coming: list[State] = field(default_factory=list)
    """What a request would make of it that was sent and not answered."""

    def send(self, after: State) -> None:
        """A request is sent that will make this of it."""
        self.coming.append(after)

    def answered(self) -> None:
        """It was answered."""
        self.earlier.append(self.state)
        self.state = self.coming.pop()

    def refused(self) -> None:
        """It was refused, and changed nothing."""
        self.coming.pop()

    def check(self, client: Client) -> str:
        """Look at it after a crash, and say what is wrong, if anything is."""
        seen = self.look(client)
        possible = [self.state, *self.coming]
        self.coming.clear()
        if seen in possible:
            self.state = seen
            self.earlier.clear()
            return ""
        what = "lost" if seen in self.earlier else "half done"
        return f"{what}: {self.name} is {seen}, not {' or '.join(map(str, possible))}"

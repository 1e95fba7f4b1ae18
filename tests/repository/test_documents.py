"""Documents: each can be found from the front page, and what they link to exists."""

import re
from pathlib import PurePosixPath
from typing import Final

from tests.helpers.source import ROOT, text, tracked

FRONT: Final = ("README.md", "ARCHITECTURE.md")
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def documents() -> tuple[str, ...]:
    """Every Markdown file of the repository."""
    return tuple(name for name in tracked() if name.endswith(".md"))


def links(document: str) -> set[str]:
    """What a document links to inside the repository, as paths from its root."""
    found = (target for target in LINK.findall(text(document)) if "://" not in target)
    folder = PurePosixPath(document).parent
    return {(ROOT / folder / target).resolve().relative_to(ROOT).as_posix() for target in found}


def test_every_document_is_linked_from_the_front() -> None:
    linked = set(FRONT).union(*(links(document) for document in FRONT))
    lost = [name for name in documents() if name not in linked]
    assert not lost, f"link these from README.md or ARCHITECTURE.md: {lost}"


def test_links_lead_somewhere() -> None:
    broken = [
        f"{document} -> {target}"
        for document in documents()
        for target in sorted(links(document))
        if not (ROOT / target).exists()
    ]
    assert not broken, f"mend or remove these links: {broken}"

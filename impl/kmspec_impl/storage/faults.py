"""What can go wrong with a data directory."""


class DataError(Exception):
    """The directory cannot be used; its text is what is wrong, ``remedy`` how to mend it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


class LostError(Exception):
    """What was to be written could not be; the directory holds what it held before."""

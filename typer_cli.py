"""The command `kmspec`."""


def main() -> None:
    """Run the command line."""

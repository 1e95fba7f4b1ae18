"""What all tests of a process share."""

import gc

gc.set_threshold(50_000)
"""As the command has it: a check makes millions of objects, and hardly any circles."""

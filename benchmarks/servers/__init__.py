"""The contenders: our server, its limits, other stacks, and emulators we did not write."""

"""Crashes: an emulator that is killed at work has lost nothing that it had answered."""

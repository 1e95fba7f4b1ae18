"""Mutants: emulators that are wrong in one known way each.

What tests a checker is that it finds them. A mutant is a small patch of this package, in force
only while its own emulator answers a request, so that it does not spoil any other.
"""

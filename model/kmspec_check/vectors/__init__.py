"""Test vectors: the matrix and the tour as sequences of steps that any program can take.

They come from the model alone: no target is asked, and the same tables give the same vectors.
"""

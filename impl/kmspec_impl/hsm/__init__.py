"""Hardware security modules, and what stands in for them.

Key material exists in here and nowhere else. :mod:`kmspec_impl.hsm.interface` says what one HSM
does; a backend does it.
"""

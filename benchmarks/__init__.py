"""Benchmarks: `make bench`. See docs/benchmarks.md for what is measured, and how.

`run.py` is the command and `effort.py` how much it does. `sections/` has a module for each section
of the report; `servers/` what is measured against what; `requests.py` the requests and what their
answers must be; `load/` the process that sends them. `results.py` is what all sections make,
`report.py` and `plots.py` what is made of that, and `stored.py` holds it against the last run.
"""

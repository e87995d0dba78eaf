"""Wengert against its peers, as ratios taken in one run: ``python -m benchmarks --help``.

Read in this order: ``programs`` (what is differentiated), ``libraries`` (who differentiates it),
``timing`` (how contestants are timed side by side), ``eager`` and ``scaling`` (the two suites),
``report`` (tables, JSON, plots), ``profiling`` (where the time of one program goes).

Nothing is imported here, so that ``__main__`` can limit BLAS to one thread before NumPy loads.
"""

"""Compiled derivatives against peers: ``python -m benchmarks compiled --help``.

Read in this order: ``names`` (what can be run), ``toolkits`` (what each library offers a program),
``cases`` (the rows of the table), the workloads ``mixtures``, ``bundle``, ``recurrences``,
``tiny``, ``kinematics``, ``networks``, then ``contest`` and ``agreement`` (one row, timed and
checked), ``compiling`` (compile time against program size), ``worker`` and ``processes`` (a
process for each number of threads), ``suite``, ``tables`` and ``plots``.

Nothing is imported here: threads are limited before NumPy loads.
"""

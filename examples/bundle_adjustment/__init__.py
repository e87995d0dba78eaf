"""Bundle adjustment, start to finish: the model and its solution in `adjust.py`, read it first.

`scene.py` makes a synthetic scene or reads one of the public data sets, `picture.py` draws what
came out, `python -m examples.bundle_adjustment` does it all.
"""

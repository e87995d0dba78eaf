"""`explain`: what became of a function, for the terminal, a notebook or a page of its own.

Read `facts.py` (what is said), `gather.py` (how it is found out), `steps.py` (the compiler's plan
in words), then `text.py` and `page.py`, which show it; `pictures.py` and `style.py` serve the page.
"""

from wengert.explanation.facts import Explanation
from wengert.explanation.gather import explain

__all__ = ["Explanation", "explain"]

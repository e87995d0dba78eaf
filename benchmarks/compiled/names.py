"""What the command line offers: names only, so that reading them imports nothing."""

from __future__ import annotations

from collections.abc import Mapping

PEERS = ("jax", "torch", "torch.compile", "autograd")
"""Who can take part beside Wengert."""

EAGER_PEERS = ("jax", "torch", "autograd")
"""For programs that ``torch.compile`` would unroll for minutes: loops, trees, mapped functions."""

MODULES: Mapping[str, str] = {
    "lse": "mixtures",
    "kmeans": "mixtures",
    "gmm": "mixtures",
    "ba": "bundle",
    "ode": "recurrences",
    "lstm": "recurrences",
    "carries": "recurrences",
    "tiny": "tiny",
    "kinematics": "kinematics",
    "mlp": "networks",
    "attention": "networks",
}
"""Every workload and the module whose ``cases()`` has it, in the order of the table."""

COMPILE = "compile"
"""The workload that times compilers instead of what they make; see ``compiling``."""

WORKLOADS = (*MODULES, COMPILE)

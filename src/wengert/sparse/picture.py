"""The spy plot of a pattern, by matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np

from wengert.errors import MissingExtraError

_PIXELS = 400


def spy(pattern: Any, ax: Any = None) -> Any:
    """Draw where the entries are: dark for every place of a block filled, light for few."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError(
            "Pattern.plot needs a package that is not installed.",
            got="no matplotlib",
            expected="the extra `ui`",
            try_="pip install 'wengert[ui]'",
        ) from None
    if ax is None:
        ax = plt.gca()
    counts = pattern.counts(_PIXELS, _PIXELS)
    shown = np.where(counts > 0, 0.35 + 0.65 * np.sqrt(counts / max(counts.max(), 1)), 0.0)
    height, width = pattern.shape
    ax.imshow(
        shown,
        cmap="Blues",
        vmin=0.0,
        vmax=1.0,
        interpolation="nearest",
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        aspect="equal" if 0.2 < height / max(width, 1) < 5 else "auto",
    )
    ax.set_title(f"{height:,} × {width:,}, {pattern.nnz:,} entries", fontsize="medium")
    ax.set_xlabel("column")
    ax.set_ylabel("row")
    return ax

"""``python -m examples.bundle_adjustment [FILE]``: solve a scene, print the report, draw it."""

from __future__ import annotations

import argparse
from pathlib import Path

from examples.bundle_adjustment import picture, scene
from examples.bundle_adjustment.adjust import adjust, project, report


def main(arguments: list[str] | None = None) -> None:
    """Read or make a scene, adjust it, say and draw what came out."""
    parser = argparse.ArgumentParser(prog="python -m examples.bundle_adjustment")
    parser.add_argument("file", type=Path, nargs="?", help="a BAL problem, .txt or .txt.bz2")
    parser.add_argument(
        "--size",
        type=int,
        nargs=3,
        default=(49, 7776, 31_843),
        metavar=("CAMERAS", "POINTS", "OBSERVATIONS"),
        help="of the synthetic scene (%(default)s)",
    )
    parser.add_argument(
        "--picture",
        type=Path,
        default=Path("bundle_adjustment.png"),
        help="where to draw (%(default)s)",
    )
    options = parser.parse_args(arguments)
    made = scene.synthetic(project, *options.size) if options.file is None else None
    problem = scene.read(options.file) if made is None else made
    found = adjust(problem)
    print(report(problem, found))
    print(f"wrote {picture.draw(problem, found, options.picture)}")


if __name__ == "__main__":
    main()

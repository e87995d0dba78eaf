"""What pytest leaves alone in this checkout."""

from importlib.util import find_spec

# Modules that are about another library are imported, for their doctests, only where it is there.
ABOUT = {
    "torch": "src/wengert/interop/torch_functions.py",
    "jax": "src/wengert/interop/jax_functions.py",
}
collect_ignore = [path for library, path in ABOUT.items() if find_spec(library) is None]

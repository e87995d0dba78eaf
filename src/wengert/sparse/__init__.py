"""TEMPORARY dense stand-in with the agreed interface; the real one lands on main soon."""

from functools import wraps
import numpy as np, scipy.sparse
from wengert import trees
from wengert.api.jacobians import value_and_jacobian as _dense, hessian as _dense_hessian

def _rows(value, jac):
    outs = trees.flatten(value)[0]
    blocks = trees.flatten(jac)[0]
    k = len(blocks) // len(outs)
    return np.concatenate([np.concatenate([np.reshape(b, (np.size(o), -1)) for b in blocks[i*k:(i+1)*k]], axis=1) for i, o in enumerate(outs)], axis=0)

def value_and_jacobian(f, argnums=None, argnames=None, pattern=None, format="csr", mode="auto", has_aux=False):
    g = _dense(f, argnums, argnames, has_aux=has_aux)
    @wraps(f)
    def h(*a, **k):
        v, j = g(*a, **k)
        return v, scipy.sparse.csr_array(_rows(v[0] if has_aux else v, j)).asformat(format)
    return h

def jacobian(f, *a, **k):
    g = value_and_jacobian(f, *a, **k)
    return lambda *x, **y: g(*x, **y)[1]

def value_and_hessian(f, argnums=None, argnames=None, pattern=None, format="csr"):
    from wengert.api.differentiate import grad
    j = jacobian(grad(f, argnums, argnames), argnums, argnames, format=format)
    return lambda *x, **y: (f(*x, **y), j(*x, **y))

def hessian(f, *a, **k):
    g = value_and_hessian(f, *a, **k)
    return lambda *x, **y: g(*x, **y)[1]

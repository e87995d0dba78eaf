"""Linear algebra of small matrices as straight-line code, on numbers in registers.

Matrices are lists of rows. `b` computes with one number or with several lanes of them, so that one
text serves a matrix and four at once; a row exchange is a choice between numbers.

    cholesky            the factor, and where there is none
    eliminate           L and U of the rows in the order of their pivots: `Elimination`
    solve_triangle
    adjugate, adjugate_along    by minors
"""

from __future__ import annotations

from typing import Any, NamedTuple

Rows = list[list[Any]]


def _is_complex(x: Any) -> bool:
    return bool(x.kind[0] == "c")


def real_part(x: Any) -> Any:
    return x.re if _is_complex(x) else x


def constant(b: Any, x: float, like: Any) -> Any:
    return b.constant(x, like.kind)


def scaled(b: Any, x: Any, r: Any) -> Any:
    """A number times a real one."""
    return type(x)(b.mul(x.re, r), b.mul(x.im, r)) if _is_complex(x) else b.mul(x, r)


def as_number(b: Any, r: Any, like: Any) -> Any:
    """A real number in the kind of `like`."""
    return type(like)(r, b.constant(0.0, r.kind)) if _is_complex(like) else r


def dot(b: Any, xs: Any, ys: Any) -> Any:
    """The sum of products; None if there are none."""
    total = None
    for x, y in zip(xs, ys, strict=True):
        total = b.mul(x, y) if total is None else b.multiply_add(x, y, total)
    return total


def _less(b: Any, x: Any, total: Any) -> Any:
    return x if total is None else b.sub(x, total)


# -- positive definite -----------------------------------------------------------------------------


def cholesky(b: Any, a: Rows) -> tuple[Rows, Any]:
    """The lower factor, and a condition: that a pivot is not positive."""
    n = len(a)
    zero = constant(b, 0.0, a[0][0])
    l: Rows = [[zero] * n for _ in range(n)]
    failed = None
    for j in range(n):
        before = [b.conj(x) for x in l[j][:j]]
        square = real_part(_less(b, a[j][j], dot(b, l[j][:j], before)))
        bad = b.not_(b.compare("gt", square, b.constant(0.0, square.kind)))
        failed = bad if failed is None else b.or_(failed, bad)
        root = b.sqrt(square)
        inverse = b.div(b.constant(1.0, root.kind), root)
        l[j][j] = as_number(b, root, a[j][j])
        for i in range(j + 1, n):
            l[i][j] = scaled(b, _less(b, a[i][j], dot(b, l[i][:j], before)), inverse)
    return l, failed


# -- elimination -----------------------------------------------------------------------------------


class Elimination(NamedTuple):
    """The rows of a matrix, exchanged and reduced."""

    lu: Rows
    inverses: list[Any]  # of the pivots
    exchanges: list[list[Any]]  # at each step, whether its row and a later one change places
    pivots: list[Any]  # the later row's number, or the step's own

    def is_singular(self, b: Any) -> Any:
        """Whether a pivot is zero."""
        result = None
        for k, row in enumerate(self.lu):
            zero = b.compare("eq", row[k], constant(b, 0.0, row[k]))
            result = zero if result is None else b.or_(result, zero)
        return result

    def permuted(self, b: Any, x: Rows) -> Rows:
        """Rows of another matrix in the same order."""
        x = [list(row) for row in x]
        for k, masks in enumerate(self.exchanges):
            _exchange(b, x, k, masks)
        return x

    def returned(self, b: Any, x: Rows) -> Rows:
        """Rows back in the order before."""
        x = [list(row) for row in x]
        for k in range(len(x) - 1, -1, -1):
            _exchange(b, x, k, self.exchanges[k])
        return x

    def solve(self, b: Any, x: Rows) -> Rows:
        """The solution of a z = x."""
        z = self.permuted(b, x)
        n = len(z)
        for c in range(len(z[0])):
            column = [row[c] for row in z]
            for i in range(n):
                column[i] = _less(b, column[i], dot(b, self.lu[i][:i], column[:i]))
            for i in range(n - 1, -1, -1):
                rest = _less(b, column[i], dot(b, self.lu[i][i + 1 :], column[i + 1 :]))
                column[i] = b.mul(rest, self.inverses[i])
            for i in range(n):
                z[i][c] = column[i]
        return z

    def solve_adjoint(self, b: Any, x: Rows) -> Rows:
        """The solution of a^H z = x: with U^H, then L^H, and the rows put back."""
        z = [list(row) for row in x]
        n = len(z)
        h = [[b.conj(self.lu[j][i]) for j in range(n)] for i in range(n)]
        for c in range(len(z[0])):
            column = [row[c] for row in z]
            for i in range(n):
                rest = _less(b, column[i], dot(b, h[i][:i], column[:i]))
                column[i] = b.mul(rest, b.conj(self.inverses[i]))
            for i in range(n - 1, -1, -1):
                column[i] = _less(b, column[i], dot(b, h[i][i + 1 :], column[i + 1 :]))
            for i in range(n):
                z[i][c] = column[i]
        return self.returned(b, z)

    def determinant(self, b: Any) -> Any:
        product = self.lu[0][0]
        for k in range(1, len(self.lu)):
            product = b.mul(product, self.lu[k][k])
        for masks in self.exchanges:
            for mask in masks:
                product = b.select(mask, b.neg(product), product)
        return product


def _exchange(b: Any, x: Rows, k: int, masks: list[Any]) -> None:
    for i, mask in enumerate(masks, k + 1):
        pairs = list(zip(x[k], x[i], strict=True))
        x[k] = [b.select(mask, q, p) for p, q in pairs]
        x[i] = [b.select(mask, p, q) for p, q in pairs]


def _size(b: Any, x: Any) -> Any:
    """What LAPACK compares to choose a pivot: |re| + |im| of a complex number."""
    return b.add(b.abs(x.re), b.abs(x.im)) if _is_complex(x) else b.abs(x)


def eliminate(b: Any, a: Rows) -> Elimination:
    """Gaussian elimination with the pivots that LAPACK's getrf takes."""
    a = [list(row) for row in a]
    n = len(a)
    one = constant(b, 1.0, a[0][0])
    number = "i4" if a[0][0].kind in ("f4", "c8") else "i8"
    exchanges: list[list[Any]] = []
    inverses, pivots = [], []
    for k in range(n):
        largest = _size(b, a[k][k])
        pivot = b.constant(k, number)
        for i in range(k + 1, n):
            size = _size(b, a[i][k])
            is_larger = b.compare("gt", size, largest)
            largest = b.select(is_larger, size, largest)
            pivot = b.select(is_larger, b.constant(i, number), pivot)
        masks = [b.compare("eq", pivot, b.constant(i, number)) for i in range(k + 1, n)]
        _exchange(b, a, k, masks)
        exchanges.append(masks)
        pivots.append(pivot)
        inverses.append(b.div(one, a[k][k]))
        # A column of zeros has no multipliers: its rows stay, as in LAPACK.
        is_zero = b.compare("eq", a[k][k], constant(b, 0.0, one))
        factor = b.select(is_zero, one, inverses[k])
        for i in range(k + 1, n):
            ratio = b.mul(a[i][k], factor)
            a[i][k] = ratio
            for j in range(k + 1, n):
                a[i][j] = b.sub(a[i][j], b.mul(ratio, a[k][j]))
    return Elimination(a, inverses, exchanges, pivots)


def solve_triangle(
    b: Any, a: Rows, x: Rows, lower: bool, is_adjoint: bool, has_unit_diagonal: bool
) -> Rows:
    """a z = x or a^H z = x for a triangular matrix."""
    n = len(a)
    if is_adjoint:
        a = [[b.conj(a[j][i]) for j in range(n)] for i in range(n)]
        lower = not lower
    z = [list(row) for row in x]
    order = list(range(n)) if lower else list(range(n - 1, -1, -1))
    for step, i in enumerate(order):
        done = order[:step]
        inverse = None
        if not has_unit_diagonal:
            inverse = b.div(constant(b, 1.0, a[i][i]), a[i][i])
        for c in range(len(z[0])):
            rest = _less(b, z[i][c], dot(b, [a[i][j] for j in done], [z[j][c] for j in done]))
            z[i][c] = rest if inverse is None else b.mul(rest, inverse)
    return z


# -- minors ----------------------------------------------------------------------------------------


def determinant(b: Any, a: Rows) -> Any:
    """By expansion along the first row: for matrices up to 3 x 3."""
    if len(a) == 1:
        return a[0][0]
    if len(a) == 2:
        return b.sub(b.mul(a[0][0], a[1][1]), b.mul(a[0][1], a[1][0]))
    total = None
    for j in range(len(a)):
        term = b.mul(a[0][j], determinant(b, _without(a, 0, j)))
        if total is None:
            total = term
        else:
            total = b.sub(total, term) if j % 2 else b.add(total, term)
    return total


def _without(a: Rows, i: int, j: int) -> Rows:
    return [[x for q, x in enumerate(row) if q != j] for p, row in enumerate(a) if p != i]


def adjugate(b: Any, a: Rows) -> Rows:
    """The matrix of cofactors, transposed."""
    n = len(a)
    if n == 1:
        return [[constant(b, 1.0, a[0][0])]]
    result: Rows = [[None] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            minor = determinant(b, _without(a, i, j))
            result[j][i] = b.neg(minor) if (i + j) % 2 else minor
    return result


def adjugate_along(b: Any, a: Rows, e: Rows) -> Rows:
    """The derivative of the adjugate along `e`: each row of a minor replaced in turn."""
    n = len(a)
    if n == 1:
        return [[constant(b, 0.0, a[0][0])]]
    result: Rows = [[None] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            minor, along = _without(a, i, j), _without(e, i, j)
            total = None
            for r in range(n - 1):
                term = determinant(b, [along[p] if p == r else minor[p] for p in range(n - 1)])
                total = term if total is None else b.add(total, term)
            result[j][i] = b.neg(total) if (i + j) % 2 else total
    return result

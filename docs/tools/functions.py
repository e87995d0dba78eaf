"""Which functions of NumPy and SciPy are handled, read off the tables that handle them.

`PROMISED` names what the library promises, subject by subject; tests hold it to every name. All
else that is found in the tables is listed after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import wengert.random
import wengert.scipy
from wengert.numpy import _creation
from wengert.ops.special import FUNCTIONS as SPECIAL
from wengert.trace.tracer import Tracer, function_handlers, ufunc_handlers, ufunc_method_handlers

SCIPY = {name: getattr(wengert.scipy, name) for name in wengert.scipy.SUBMODULES}
SCIPY = {"sparse.linalg": wengert.scipy.sparse.linalg, **SCIPY}

PROMISED: dict[str, str] = {
    "Elementwise functions": """
        add subtract multiply divide true_divide negative positive reciprocal power float_power
        square sqrt cbrt hypot absolute abs fabs sign copysign heaviside exp exp2 expm1 log log2
        log10 log1p logaddexp logaddexp2 sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh
        arcsinh arccosh arctanh sinc deg2rad rad2deg radians degrees maximum minimum fmax fmin
        clip fmod remainder mod floor_divide divmod modf frexp ldexp nextafter spacing floor
        ceil trunc rint fix round around conjugate conj real imag angle nan_to_num where select
        piecewise ufunc.reduce ufunc.accumulate ufunc.reduceat ufunc.outer ufunc.at
    """,
    "Comparisons, logic and integers, without derivative": """
        equal not_equal less less_equal greater greater_equal isclose allclose array_equal
        array_equiv isnan isinf isfinite isneginf isposinf signbit isreal iscomplex iscomplexobj
        isrealobj logical_and logical_or logical_xor logical_not bitwise_and bitwise_or
        bitwise_xor invert left_shift right_shift bitwise_count gcd lcm all any count_nonzero
    """,
    "Reductions": """
        sum prod mean var std max min amax amin ptp average median quantile percentile nansum
        nanprod nanmean nanvar nanstd nanmax nanmin nanmedian nanquantile nanpercentile
        nancumsum nancumprod cumsum cumprod cumulative_sum cumulative_prod argmax argmin
        nanargmax nanargmin linalg.norm linalg.vector_norm linalg.matrix_norm trace
        scipy.special.logsumexp scipy.special.softmax scipy.special.log_softmax
    """,
    "Indexing and assignment": """
        x[...] x[...]=v take take_along_axis put put_along_axis putmask place copyto choose
        compress extract insert delete append nonzero flatnonzero argwhere unique fill_diagonal
        ix_ ravel_multi_index unravel_index trim_zeros apply_along_axis apply_over_axes
    """,
    "Shape": """
        reshape ravel transpose matrix_transpose permute_dims moveaxis rollaxis swapaxes squeeze
        expand_dims concatenate concat stack hstack vstack dstack column_stack block split
        array_split hsplit vsplit dsplit unstack pad tile repeat roll flip fliplr flipud rot90
        diag diagflat diagonal diag_indices_from tril triu tril_indices_from triu_indices_from
        broadcast_to broadcast_arrays resize meshgrid atleast_1d atleast_2d atleast_3d copy
        astype shape size ndim vander
    """,
    "Products": """
        dot matmul vdot matvec vecmat vecdot inner outer kron cross tensordot einsum convolve
        correlate linalg.matmul linalg.outer linalg.cross linalg.tensordot linalg.vecdot
        linalg.multi_dot
    """,
    "Calculus on grids and statistics": """
        interp gradient diff ediff1d trapezoid unwrap poly polyval polyfit polyadd polysub
        polymul polydiv polyder polyint roots cov corrcoef sort argsort partition argpartition
        lexsort sort_complex searchsorted digitize histogram histogram_bin_edges bincount
    """,
    "Linear algebra": """
        linalg.solve linalg.inv linalg.det linalg.slogdet linalg.cholesky linalg.qr linalg.eigh
        linalg.eigvalsh linalg.eig linalg.eigvals linalg.svd linalg.svdvals linalg.lstsq
        linalg.pinv linalg.matrix_power linalg.matrix_rank linalg.cond linalg.tensorsolve
        linalg.tensorinv linalg.trace linalg.diagonal linalg.matrix_transpose
    """,
    "SciPy's linear algebra": """
        scipy.linalg.expm scipy.linalg.logm scipy.linalg.sqrtm scipy.linalg.solve_triangular
        scipy.linalg.cho_factor scipy.linalg.cho_solve scipy.linalg.lu scipy.linalg.lu_factor
        scipy.linalg.lu_solve scipy.linalg.solve_banded scipy.linalg.solveh_banded
        scipy.linalg.toeplitz scipy.linalg.solve_toeplitz scipy.linalg.solve_sylvester
        scipy.linalg.solve_lyapunov scipy.linalg.solve_continuous_lyapunov
        scipy.linalg.solve_discrete_lyapunov scipy.linalg.polar scipy.linalg.block_diag
        scipy.linalg.det scipy.linalg.inv scipy.linalg.solve scipy.linalg.cholesky
        scipy.linalg.qr scipy.linalg.eigh scipy.linalg.eigvalsh scipy.linalg.eig
        scipy.linalg.eigvals scipy.linalg.svd scipy.linalg.svdvals scipy.linalg.pinv
        scipy.linalg.lstsq scipy.linalg.norm
    """,
    "SciPy's optimization": """
        scipy.optimize.minimize scipy.optimize.minimize_scalar scipy.optimize.root
        scipy.optimize.fsolve scipy.optimize.root_scalar scipy.optimize.brentq
        scipy.optimize.brenth scipy.optimize.bisect scipy.optimize.ridder scipy.optimize.toms748
        scipy.optimize.newton scipy.optimize.least_squares scipy.optimize.curve_fit
        scipy.optimize.nnls scipy.optimize.lsq_linear scipy.optimize.linprog
        scipy.optimize.linear_sum_assignment
    """,
    "SciPy's integration": """
        scipy.integrate.trapezoid scipy.integrate.simpson scipy.integrate.cumulative_trapezoid
        scipy.integrate.cumulative_simpson scipy.integrate.romb scipy.integrate.fixed_quad
        scipy.integrate.quad scipy.integrate.quad_vec scipy.integrate.dblquad
        scipy.integrate.tplquad scipy.integrate.nquad scipy.integrate.solve_ivp
        scipy.integrate.odeint
    """,
    "SciPy's sparse matrices": """
        scipy.sparse.csr_array scipy.sparse.csc_array scipy.sparse.coo_array
        scipy.sparse.diags_array scipy.sparse.linalg.spsolve scipy.sparse.linalg.splu
        scipy.sparse.linalg.factorized scipy.sparse.linalg.cg scipy.sparse.linalg.gmres
        scipy.sparse.linalg.bicgstab scipy.sparse.linalg.minres scipy.sparse.linalg.norm
    """,
    "Random numbers (wengert.random), differentiable in their parameters": """
        random.uniform random.normal random.lognormal random.exponential random.laplace
        random.logistic random.gumbel random.cauchy random.rayleigh random.pareto random.weibull
        random.triangular random.truncated_normal random.gamma random.loggamma random.chisquare
        random.beta random.f random.student_t random.von_mises random.wald
        random.multivariate_normal random.dirichlet random.wishart
    """,
    "Random numbers, constant": """
        random.key random.split random.fold_in random.bits random.integers random.randint
        random.bernoulli random.rademacher random.binomial random.poisson random.geometric
        random.multinomial random.categorical random.choice random.permutation
        random.orthogonal random.ball
    """,
    "Special functions: gamma, beta, error, probability": """
        scipy.special.gamma scipy.special.gammaln scipy.special.loggamma scipy.special.gammasgn
        scipy.special.rgamma scipy.special.psi scipy.special.polygamma scipy.special.multigammaln
        scipy.special.poch scipy.special.beta scipy.special.betaln scipy.special.binom
        scipy.special.comb scipy.special.perm scipy.special.factorial scipy.special.gammainc
        scipy.special.gammaincc scipy.special.gammaincinv scipy.special.gammainccinv
        scipy.special.betainc scipy.special.betaincc scipy.special.betaincinv
        scipy.special.betainccinv scipy.special.chdtr scipy.special.chdtrc scipy.special.chdtri
        scipy.special.chdtriv scipy.special.gdtr scipy.special.gdtrc scipy.special.gdtria
        scipy.special.gdtrib scipy.special.gdtrix scipy.special.pdtr scipy.special.pdtrc
        scipy.special.pdtri scipy.special.pdtrik scipy.special.fdtr scipy.special.fdtrc
        scipy.special.fdtri scipy.special.fdtridfd scipy.special.stdtr scipy.special.stdtrit
        scipy.special.stdtridf scipy.special.bdtr scipy.special.bdtrc scipy.special.bdtri
        scipy.special.bdtrik scipy.special.bdtrin scipy.special.nbdtr scipy.special.nbdtrc
        scipy.special.nbdtri scipy.special.nbdtrik scipy.special.nbdtrin scipy.special.btdtria
        scipy.special.btdtrib scipy.special.erf scipy.special.erfc scipy.special.erfcx
        scipy.special.erfi scipy.special.erfinv scipy.special.erfcinv scipy.special.dawsn
        scipy.special.wofz scipy.special.fresnel scipy.special.voigt_profile scipy.special.ndtr
        scipy.special.log_ndtr scipy.special.ndtri scipy.special.ndtri_exp scipy.special.owens_t
        scipy.special.kolmogorov scipy.special.kolmogi scipy.special.expit scipy.special.logit
        scipy.special.log_expit scipy.special.softplus scipy.special.xlogy scipy.special.xlog1py
        scipy.special.entr scipy.special.rel_entr scipy.special.kl_div scipy.special.huber
        scipy.special.pseudo_huber scipy.special.boxcox scipy.special.boxcox1p
        scipy.special.inv_boxcox scipy.special.inv_boxcox1p scipy.special.exprel
        scipy.special.expm1 scipy.special.log1p scipy.special.cbrt scipy.special.exp2
        scipy.special.exp10 scipy.special.cosm1 scipy.special.powm1 scipy.special.sinc
        scipy.special.sindg scipy.special.cosdg scipy.special.tandg scipy.special.cotdg
        scipy.special.radian
    """,
    "Special functions: Bessel, elliptic, hypergeometric, integrals": """
        scipy.special.agm scipy.special.airy scipy.special.airye scipy.special.bei scipy.special.ber
        scipy.special.ellipe scipy.special.ellipeinc scipy.special.ellipj scipy.special.ellipk
        scipy.special.ellipkinc scipy.special.ellipkm1 scipy.special.elliprc scipy.special.elliprd
        scipy.special.elliprf scipy.special.elliprg scipy.special.elliprj scipy.special.eval_chebyc
        scipy.special.eval_chebys scipy.special.eval_chebyt scipy.special.eval_chebyu
        scipy.special.eval_gegenbauer scipy.special.eval_genlaguerre scipy.special.eval_hermite
        scipy.special.eval_hermitenorm scipy.special.eval_jacobi scipy.special.eval_laguerre
        scipy.special.eval_legendre scipy.special.eval_sh_chebyt scipy.special.eval_sh_chebyu
        scipy.special.eval_sh_jacobi scipy.special.eval_sh_legendre scipy.special.exp1
        scipy.special.expi scipy.special.expn scipy.special.hankel1 scipy.special.hankel1e
        scipy.special.hankel2 scipy.special.hankel2e scipy.special.hyp0f1 scipy.special.hyp1f1
        scipy.special.hyp2f1 scipy.special.hyperu scipy.special.i0 scipy.special.i0e
        scipy.special.i1 scipy.special.i1e scipy.special.it2i0k0 scipy.special.it2j0y0
        scipy.special.it2struve0 scipy.special.itairy scipy.special.iti0k0 scipy.special.itj0y0
        scipy.special.itmodstruve0 scipy.special.itstruve0 scipy.special.iv scipy.special.ive
        scipy.special.j0 scipy.special.j1 scipy.special.jv scipy.special.jve scipy.special.k0
        scipy.special.k0e scipy.special.k1 scipy.special.k1e scipy.special.kei scipy.special.kelvin
        scipy.special.ker scipy.special.kn scipy.special.kv scipy.special.kve scipy.special.lpmv
        scipy.special.modfresnelm scipy.special.modfresnelp scipy.special.modstruve
        scipy.special.pbdv scipy.special.pbvv scipy.special.pbwa scipy.special.shichi
        scipy.special.sici scipy.special.spence scipy.special.spherical_in
        scipy.special.spherical_jn scipy.special.spherical_kn scipy.special.spherical_yn
        scipy.special.struve scipy.special.wrightomega scipy.special.y0 scipy.special.y1
        scipy.special.yn scipy.special.yv scipy.special.yve scipy.special.zetac scipy.special.diric
        scipy.special.h1vp scipy.special.h2vp scipy.special.ivp scipy.special.jvp scipy.special.kvp
        scipy.special.lambertw scipy.special.legendre_p scipy.special.sph_harm_y scipy.special.yvp
        scipy.special.zeta
    """,
    "Fourier transforms and signals": """
        fft.fft fft.ifft fft.rfft fft.irfft fft.hfft fft.ihfft fft.fft2 fft.ifft2 fft.rfft2
        fft.irfft2 fft.fftn fft.ifftn fft.rfftn fft.irfftn fft.fftshift fft.ifftshift
        fft.fftfreq fft.rfftfreq scipy.fft.fft scipy.fft.ifft scipy.fft.rfft scipy.fft.irfft
        scipy.fft.hfft scipy.fft.ihfft scipy.fft.fft2 scipy.fft.ifft2 scipy.fft.rfft2
        scipy.fft.irfft2 scipy.fft.hfft2 scipy.fft.ihfft2 scipy.fft.fftn scipy.fft.ifftn
        scipy.fft.rfftn scipy.fft.irfftn scipy.fft.hfftn scipy.fft.ihfftn scipy.fft.fftshift
        scipy.fft.ifftshift scipy.fft.dct scipy.fft.idct scipy.fft.dst scipy.fft.idst
        scipy.fft.dctn scipy.fft.idctn scipy.fft.dstn scipy.fft.idstn scipy.fft.fht
        scipy.fft.ifht scipy.signal.convolve scipy.signal.correlate scipy.signal.fftconvolve
        scipy.signal.oaconvolve scipy.signal.convolve2d scipy.signal.correlate2d
        scipy.signal.lfilter scipy.signal.filtfilt scipy.signal.sosfilt scipy.signal.sosfiltfilt
        scipy.signal.lfilter_zi scipy.signal.sosfilt_zi scipy.signal.lfiltic
        scipy.signal.savgol_filter scipy.signal.detrend scipy.signal.medfilt
        scipy.signal.medfilt2d scipy.signal.order_filter scipy.signal.wiener
        scipy.signal.hilbert scipy.signal.hilbert2 scipy.signal.resample
        scipy.signal.resample_poly scipy.signal.upfirdn scipy.signal.decimate
        scipy.signal.periodogram scipy.signal.welch scipy.signal.csd scipy.signal.coherence
        scipy.signal.spectrogram scipy.signal.stft scipy.signal.istft scipy.signal.freqz
        scipy.signal.freqz_sos scipy.signal.freqs scipy.signal.group_delay
        scipy.signal.deconvolve
    """,
    "SciPy's linear algebra: bands, control, and more": """
        scipy.linalg.cholesky_banded scipy.linalg.cho_solve_banded scipy.linalg.eig_banded
        scipy.linalg.eigvals_banded scipy.linalg.eigh_tridiagonal scipy.linalg.eigvalsh_tridiagonal
        scipy.linalg.solve_continuous_are scipy.linalg.solve_discrete_are scipy.linalg.rq
        scipy.linalg.qr_multiply scipy.linalg.pinvh scipy.linalg.diagsvd scipy.linalg.signm
        scipy.linalg.subspace_angles scipy.linalg.orthogonal_procrustes
        scipy.linalg.solve_circulant scipy.linalg.issymmetric scipy.linalg.ishermitian
        scipy.linalg.companion scipy.linalg.convolution_matrix scipy.linalg.fiedler
        scipy.linalg.fiedler_companion scipy.linalg.leslie
    """,
    "Histograms of points, windows, bits": """
        histogram2d histogramdd packbits unpackbits einsum_path array2string array_repr array_str
        lib.stride_tricks.sliding_window_view
    """,
    "The array API standard 2024.12 (names beside NumPy's older ones)": """
        acos acosh asin asinh atan atan2 atanh bitwise_invert bitwise_left_shift
        bitwise_right_shift pow unique_all unique_counts unique_inverse unique_values
        result_type can_cast x.__array_namespace__ x.device x.to_device x.__dlpack_device__
    """,
    "Interpolation": """
        scipy.interpolate.CubicSpline scipy.interpolate.PchipInterpolator
        scipy.interpolate.Akima1DInterpolator scipy.interpolate.CubicHermiteSpline
        scipy.interpolate.PPoly scipy.interpolate.BPoly scipy.interpolate.BSpline
        scipy.interpolate.make_interp_spline scipy.interpolate.make_lsq_spline
        scipy.interpolate.splrep scipy.interpolate.splev scipy.interpolate.splint
        scipy.interpolate.splder scipy.interpolate.splantider scipy.interpolate.interp1d
        scipy.interpolate.RegularGridInterpolator scipy.interpolate.interpn
        scipy.interpolate.BarycentricInterpolator scipy.interpolate.KroghInterpolator
        scipy.interpolate.barycentric_interpolate scipy.interpolate.krogh_interpolate
        scipy.interpolate.pchip_interpolate scipy.interpolate.lagrange
        scipy.interpolate.RBFInterpolator
    """,
    "Images": """
        scipy.ndimage.correlate scipy.ndimage.correlate1d scipy.ndimage.convolve
        scipy.ndimage.convolve1d scipy.ndimage.gaussian_filter scipy.ndimage.gaussian_filter1d
        scipy.ndimage.uniform_filter scipy.ndimage.uniform_filter1d scipy.ndimage.laplace
        scipy.ndimage.gaussian_laplace scipy.ndimage.gaussian_gradient_magnitude
        scipy.ndimage.generic_filter scipy.ndimage.generic_laplace
        scipy.ndimage.generic_gradient_magnitude
        scipy.ndimage.sobel scipy.ndimage.prewitt scipy.ndimage.minimum_filter
        scipy.ndimage.minimum_filter1d scipy.ndimage.maximum_filter
        scipy.ndimage.maximum_filter1d scipy.ndimage.median_filter
        scipy.ndimage.percentile_filter scipy.ndimage.rank_filter scipy.ndimage.grey_erosion
        scipy.ndimage.grey_dilation scipy.ndimage.grey_opening scipy.ndimage.grey_closing
        scipy.ndimage.morphological_gradient scipy.ndimage.morphological_laplace
        scipy.ndimage.white_tophat scipy.ndimage.black_tophat scipy.ndimage.spline_filter
        scipy.ndimage.spline_filter1d scipy.ndimage.map_coordinates scipy.ndimage.shift
        scipy.ndimage.zoom scipy.ndimage.rotate scipy.ndimage.affine_transform
        scipy.ndimage.geometric_transform scipy.ndimage.fourier_gaussian
        scipy.ndimage.fourier_uniform scipy.ndimage.fourier_shift
        scipy.ndimage.fourier_ellipsoid scipy.ndimage.sum_labels scipy.ndimage.mean
        scipy.ndimage.variance scipy.ndimage.standard_deviation scipy.ndimage.minimum
        scipy.ndimage.maximum scipy.ndimage.median scipy.ndimage.center_of_mass
    """,
    "Statistics": """
        scipy.stats.arcsine scipy.stats.bernoulli scipy.stats.beta scipy.stats.betabinom
        scipy.stats.betaprime scipy.stats.binom scipy.stats.boltzmann scipy.stats.bradford
        scipy.stats.burr scipy.stats.burr12 scipy.stats.cauchy scipy.stats.chi scipy.stats.chi2
        scipy.stats.cosine scipy.stats.dirichlet scipy.stats.dirichlet_multinomial
        scipy.stats.dweibull scipy.stats.energy_distance scipy.stats.erlang scipy.stats.expon
        scipy.stats.exponnorm scipy.stats.f scipy.stats.foldnorm scipy.stats.gamma
        scipy.stats.gaussian_kde scipy.stats.genextreme scipy.stats.gennorm scipy.stats.genpareto
        scipy.stats.geom scipy.stats.gmean scipy.stats.gumbel_l scipy.stats.gumbel_r
        scipy.stats.halfcauchy scipy.stats.halfnorm scipy.stats.hmean scipy.stats.hypsecant
        scipy.stats.invgamma scipy.stats.invgauss scipy.stats.invwishart scipy.stats.kurtosis
        scipy.stats.laplace scipy.stats.levy scipy.stats.linregress scipy.stats.loggamma
        scipy.stats.logistic scipy.stats.lognorm scipy.stats.logser scipy.stats.loguniform
        scipy.stats.lomax scipy.stats.matrix_normal scipy.stats.maxwell scipy.stats.moment
        scipy.stats.multinomial scipy.stats.multivariate_normal scipy.stats.multivariate_t
        scipy.stats.nakagami scipy.stats.nbinom scipy.stats.norm scipy.stats.pareto
        scipy.stats.pearsonr scipy.stats.planck scipy.stats.pmean scipy.stats.poisson
        scipy.stats.powerlaw scipy.stats.rayleigh scipy.stats.reciprocal scipy.stats.sem
        scipy.stats.semicircular scipy.stats.skew scipy.stats.skewnorm scipy.stats.t
        scipy.stats.triang scipy.stats.trim_mean scipy.stats.rice scipy.stats.vonmises
        scipy.stats.truncexpon scipy.stats.truncnorm
        scipy.stats.uniform scipy.stats.variation scipy.stats.wald
        scipy.stats.wasserstein_distance scipy.stats.weibull_max scipy.stats.weibull_min
        scipy.stats.wishart scipy.stats.zscore
    """,
    "Arrays made under a trace (wengert.numpy)": """
        wnp.array wnp.asarray wnp.zeros wnp.ones wnp.full wnp.empty wnp.zeros_like wnp.ones_like
        wnp.full_like wnp.empty_like wnp.arange wnp.linspace wnp.logspace wnp.geomspace wnp.eye
        wnp.identity wnp.tri wnp.indices wnp.meshgrid wnp.fromfunction wnp.copy
    """,
    "Methods and attributes of arrays": """
        x.T x.mT x.all x.any x.argmax x.argmin x.argpartition x.argsort x.astype x.choose x.clip
        x.compress x.conj x.conjugate x.copy x.cumprod x.cumsum x.diagonal x.dot x.dtype x.fill
        x.flat x.flatten x.imag x.item x.itemsize x.max x.mean x.min x.nbytes x.ndim x.nonzero
        x.partition x.prod x.put x.ravel x.real x.repeat x.reshape x.round x.searchsorted
        x.shape x.size x.sort x.squeeze x.std x.sum x.swapaxes x.take x.tolist x.trace
        x.transpose x.var
    """,
}

# Methods that raise, by name, on a traced array.
REFUSED_METHODS = ("byteswap", "dump", "dumps", "resize", "tobytes", "tofile", "view")

# Attributes of a Tracer that are its own, not those of an array.
_OWN = {"aval", "base", "is_owned", "recording", "refresh", "seen", "type", "value", "variable"}
_OWN |= {"version", "view_of"}


_CREATING = ("wengert.numpy._creation", "wengert.ops.creation")
# What `wengert.numpy` makes in the recording.
CREATION = sorted(
    name
    for name, value in vars(_creation).items()
    if name in np.__all__ and getattr(value, "__module__", "") in _CREATING
)


@dataclass(frozen=True)
class Functions:
    """A subject and its functions, sorted into handled and not."""

    subject: str
    handled: tuple[str, ...]
    missing: tuple[str, ...]


def promised() -> list[Functions]:
    """What is promised, by subject."""
    table = []
    for subject, text in PROMISED.items():
        names = text.split()
        handled = tuple(n for n in names if is_handled(n))
        table.append(Functions(subject, handled, tuple(n for n in names if n not in handled)))
    return table


def is_handled(name: str) -> bool:
    """Whether traced arguments of the function called `name` find a rule."""
    for prefix, reader in _READERS.items():
        if name.startswith(prefix):
            return reader(name.removeprefix(prefix))
    return is_handled_object(numpy_object(name))


def numpy_object(name: str) -> Any:
    """`linalg.solve` and the like."""
    value: Any = np
    for part in name.split("."):
        value = getattr(value, part)
    return value


def is_handled_object(value: Any) -> bool:
    """Whether one of the tables holds this function or ufunc of NumPy's."""
    return value in (ufunc_handlers if isinstance(value, np.ufunc) else function_handlers)


def _scipy(module: Any) -> Callable[[str], bool]:
    def reader(name: str) -> bool:
        if name in module.__all__:
            return True
        found = getattr(module, name)
        return isinstance(found, np.ufunc) and (found in ufunc_handlers or name in SPECIAL)

    return reader


def _is_method(name: str) -> bool:
    return name not in _OWN and name not in REFUSED_METHODS and hasattr(Tracer, name)


_READERS: dict[str, Callable[[str], bool]] = {
    "ufunc.": lambda name: name in ufunc_method_handlers,
    "x[...]=v": lambda name: "setitem" in function_handlers,
    "x[...]": lambda name: "getitem" in function_handlers,
    "x.": _is_method,
    "wnp.": lambda name: name in CREATION,
    "random.": lambda name: name in wengert.random.__all__,
    **{f"scipy.{name}.": _scipy(module) for name, module in SCIPY.items()},
}


def others() -> tuple[str, ...]:
    """What the tables handle beyond the promises."""
    known = {name for text in PROMISED.values() for name in text.split()}
    known_objects = [numpy_object(n) for n in known if not n.startswith(tuple(_READERS))]
    found = [f"scipy.{home}.{name}" for home, module in SCIPY.items() for name in module.__all__]
    found += [f"scipy.special.{name}" for name in SPECIAL if not name.startswith("_")]
    found += [f"wnp.{name}" for name in CREATION]
    found += [name for name, value in numpy_functions() if is_handled_object(value)]
    more = [
        name
        for name in found
        if name not in known
        and (name.startswith(tuple(_READERS)) or numpy_object(name) not in known_objects)
    ]
    return tuple(sorted(set(more)))


def numpy_functions() -> list[tuple[str, Any]]:
    """The functions and ufuncs of NumPy that hand traced arguments to Wengert."""
    found = []
    for prefix, module in (("", np), ("linalg.", np.linalg), ("fft.", np.fft)):
        for name in module.__all__:
            value = getattr(module, name, None)
            hands_over = isinstance(value, np.ufunc) or hasattr(value, "__wrapped__")
            if hands_over and not isinstance(value, type):
                found.append((prefix + name, value))
    return found


def refused() -> tuple[str, ...]:
    """Functions of NumPy that raise by name when they meet a traced value."""
    return tuple(sorted(name for name, value in numpy_functions() if not is_handled_object(value)))

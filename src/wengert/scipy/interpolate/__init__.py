from wengert.scipy.interpolate.cubic import *
from wengert.scipy.interpolate.cubic import CubicSpline,CubicHermiteSpline,PchipInterpolator,Akima1DInterpolator
from wengert.scipy.interpolate.piecewise import PPoly,BPoly
from wengert.scipy.interpolate.bsplines import *
from wengert.scipy.interpolate.fitting import *

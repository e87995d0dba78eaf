"""Derivatives of the incomplete gamma and beta functions in their shape parameters, on arrays.

truncated    power series in one or two increments, cut off
digamma      logarithms and digamma functions of which only differences are needed
quadrature   one Gauss rule for integrals that decay
gamma        P(a + e, x) as a series in e
beta         I_x(a + e, b + h) as a series in e and h

The method. With p the density of the gamma distribution, P(a + e, x) is the integral up to x of
p(t) exp(e log t - [log Gamma(a + e) - log Gamma(a)]), hence

    P(a + e, x) = P(a, x) exp(e log x - [log Gamma(a + e) - log Gamma(a)])
                  E[exp(-e log(x/t)) | t < x]

and the last factor is a series whose coefficients are means of powers of log(x/t) > 0. Below the
mean, log x - psi(a) < 0 too: all terms of the first derivative have one sign, and it has full
relative accuracy however far out in the tail. Above the mean the same is done with
Q(a, x) = 1 - P(a, x) and log(t/x) > 0. Conditional means neither overflow nor underflow. They come
from one Gauss-Legendre rule, over the range in which the integrand, log-concave in log t, is not
negligible; near x = 0 from the power series, which holds for shapes that go to zero. The beta
function goes the same way, with log t, log(1 - t), and the logit of t as the variable.

Sources: the decomposition by conditional means is ours. For what others do: Moore, R. J. (1982),
AS 187, Applied Statistics 31, 330-335 (differentiated series and continued fractions for the
gamma function); Boik, R. J. and Robison-Cox, J. F. (1998), J. Statistical Software 3(1) (the
same for the beta function); Gautschi, W. (1979), ACM TOMS 5, 466-481 (the power series and its
region).
"""

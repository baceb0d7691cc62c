"""The derivations of chapter 8, optimisers."""

from __future__ import annotations

import numpy as np
import sympy as sp

from mathnn import symbolic
from mathnn.optimizers import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop
from mathnn.schedules import CosineDecay, ExponentialDecay, InverseTimeDecay

from . import Derivation

CURVATURES = np.array([1.0, 25.0])
GRADIENTS = np.random.default_rng(0).standard_normal((60, 3))


def _descent_library() -> str:
    theta, other, opt = np.array([-4.0, 0.6]), np.array([-4.0, 0.6]), SGD(0.03)
    for _ in range(50):
        theta = theta - 0.03 * CURVATURES * theta
        opt.step(other, CURVATURES * other)
    assert np.abs(theta - other).max() < 1e-12
    return "SGD(0.03), 50 steps, difference below 1e-12"


def _normal() -> str:
    rng = np.random.default_rng(0)
    for _ in range(50):
        X, y = rng.standard_normal((20, 3)), rng.standard_normal(20)
        w = np.linalg.solve(X.T @ X, X.T @ y)
        cost = np.mean((X @ w - y) ** 2)
        for _ in range(20):
            other = w + 0.1 * rng.standard_normal(3)
            assert np.mean((X @ other - y) ** 2) > cost
    return "50 problems, 20 other w each, none better"


def _factor() -> str:
    theta, eta, lam = sp.symbols("theta eta lambda", positive=True)
    cost = lam * theta**2 / 2
    assert sp.expand(theta - eta * sp.diff(cost, theta) - (1 - eta * lam) * theta) == 0
    return "one step on λθ²/2"


def _noise() -> str:
    rng = np.random.default_rng(0)
    G = rng.standard_normal((12, 3))
    m, g = len(G), G.mean(axis=0)
    sigma2 = ((G - g) ** 2).sum(axis=1).mean()
    for B in (1, 3, 6, 12):
        measured = np.mean([np.sum((G[rng.permutation(m)[:B]].mean(axis=0) - g) ** 2) for _ in range(3000)])
        assert np.isclose(measured, sigma2 / B * (m - B) / (m - 1), rtol=0.08, atol=1e-12), B
    return "4 batch sizes, 3,000 draws each, within 8 %"


def _gd_rate() -> str:
    low, high = sp.symbols("low high", positive=True)
    eta, kappa = 2 / (high + low), high / low
    assert sp.simplify((1 - eta * low) - (kappa - 1) / (kappa + 1)) == 0
    assert sp.simplify((eta * high - 1) - (kappa - 1) / (kappa + 1)) == 0
    return "both ends have the factor (κ − 1)/(κ + 1)"


def _gd_trials() -> str:
    for kappa in (3.0, 10.0, 100.0):
        eta, best = 2 / (kappa + 1), (kappa - 1) / (kappa + 1)
        for other in np.linspace(0.2, 2.0, 37) * eta:
            assert max(abs(1 - other), abs(1 - other * kappa)) >= best - 1e-12, (kappa, other)
    return "111 other rates, none better"


def _momentum() -> str:
    mu, eta, theta = sp.Symbol("mu"), symbolic.symbols.eta, symbolic.theta
    g_1, g_2 = sp.symbols("g_1 g_2", real=True)
    two = symbolic.optimizer_step("sgd", steps=2, momentum=mu)
    by_hand = theta - eta * g_1 + (-mu * eta * g_1 - eta * g_2)
    assert sp.simplify(two - by_hand) == 0
    return "two steps, term by term"


def _momentum_library() -> str:
    theta, v, opt = np.array([-4.0, 0.6]), np.zeros(2), SGD(0.03, momentum=0.9)
    other = theta.copy()
    for _ in range(50):
        v = 0.9 * v - 0.03 * CURVATURES * theta
        theta = theta + v
        opt.step(other, CURVATURES * other)
    assert np.abs(theta - other).max() < 1e-12
    return "SGD(momentum=0.9), 50 steps, difference below 1e-12"


def _heavy_ball() -> str:
    r, mu, x = sp.symbols("r mu x", positive=True)
    square = (1 + mu - x) ** 2 - 4 * mu
    assert sp.simplify(square.subs(x, (1 - sp.sqrt(mu)) ** 2)) == 0
    assert sp.simplify(square.subs(x, (1 + sp.sqrt(mu)) ** 2)) == 0
    roots = sp.solve(r**2 - (1 + mu - x) * r + mu, r)
    assert sp.simplify(roots[0] * roots[1] - mu) == 0
    return "the product of the roots is μ, the discriminant is 0 at both ends"


def _heavy_ball_trials() -> str:
    for kappa in (10.0, 100.0, 1000.0):
        root = np.sqrt(kappa)
        rho, eta = (root - 1) / (root + 1), (2 / (root + 1)) ** 2
        for curvature in np.geomspace(1, kappa, 20)[1:-1]:
            sizes = np.abs(np.roots([1, -(1 + rho**2 - eta * curvature), rho**2]))
            assert np.abs(sizes - rho).max() < 1e-6, (kappa, curvature)
        ends = np.array([1.0, kappa])
        for mu in np.linspace(0.0, 0.99, 34):
            for other in np.linspace(0.05, 4.0, 80) / kappa:
                half = (1 + mu - other * ends) / 2
                largest = np.abs(half) + np.sqrt(np.maximum(half**2 - mu, 0.0))
                assert np.maximum(largest, np.sqrt(mu)).max() >= rho - 1e-9, (kappa, mu, other)
    return "54 curvatures, all roots of the size √μ; 8,160 other pairs η, μ, none better"


def _recurrence() -> str:
    mu, eta, lam, now, before = sp.symbols("mu eta lambda theta_t theta_b")
    v = mu * (now - before) - eta * lam * now
    assert sp.expand(now + v - ((1 + mu - eta * lam) * now - mu * before)) == 0
    return "the two lines of momentum in one"


def _characteristic() -> str:
    for mu, x in ((0.81, 0.5), (0.25, 1.2), (0.5, 0.01), (0.9, 3.0)):
        roots = np.roots([1, -(1 + mu - x), mu]).astype(complex)
        a, b = np.linalg.solve(np.array([[1, 1], roots]), [1.0, 1.0])
        theta = [1.0, 1.0]
        for t in range(2, 30):
            theta.append((1 + mu - x) * theta[-1] - mu * theta[-2])
            assert abs(a * roots[0] ** t + b * roots[1] ** t - theta[-1]) < 1e-9, (mu, x, t)
    return "4 pairs μ, ηλ, 28 steps each: the run is a r₁ᵗ + b r₂ᵗ"


def _other_notation() -> str:
    mu, eta, v, u, theta = sp.symbols("mu eta v u theta")
    first = second = theta
    v = u = sp.S.Zero
    for g in sp.symbols("g_1:6"):
        v, u = mu * v - eta * g, mu * u + g
        first, second = first + v, second - eta * u
    assert sp.expand(first - second) == 0
    return "five steps at a constant rate, term by term"


def _nesterov() -> str:
    mu, eta, lam, theta, v = sp.symbols("mu eta lambda theta v")
    new = mu * v - eta * lam * (theta + mu * v)
    assert sp.expand(new - (mu * (1 - eta * lam) * v - eta * lam * theta)) == 0
    return "on a parabola μ becomes μ(1 − ηλ)"


def _nesterov_twin() -> str:
    mu, eta, g = sp.Symbol("mu"), symbolic.symbols.eta, symbolic.symbols.g
    step = symbolic.optimizer_step("sgd", momentum=mu, nesterov=True)
    v = next(symbol for symbol in step if symbol is not symbolic.theta)
    assert sp.expand(step[symbolic.theta] - (symbolic.theta + mu * step[v] - eta * g)) == 0
    return "the twin of SGD(nesterov=True)"


def _nesterov_library() -> str:
    theta, v = np.array([-4.0, 0.6]), np.zeros(2)
    ahead, opt = theta.copy(), SGD(0.03, momentum=0.9, nesterov=True)
    for _ in range(50):
        v = 0.9 * v - 0.03 * CURVATURES * (theta + 0.9 * v)
        theta = theta + v
        opt.step(ahead, CURVATURES * ahead)
    assert np.abs(theta + 0.9 * v - ahead).max() < 1e-12
    return "the place ahead is SGD(nesterov=True)'s θ, 50 steps"


def _adagrad_library() -> str:
    theta, h, other, opt = np.zeros(3), np.zeros(3), np.zeros(3), Adagrad(0.1, initial_accumulator_value=0.0)
    for g in GRADIENTS:
        h = h + g * g
        theta = theta - 0.1 * g / (np.sqrt(h) + 1e-7)
        opt.step(other, g)
    assert np.abs(theta - other).max() < 1e-12
    return "Adagrad(0.1), 60 steps, difference below 1e-12"


def _rmsprop_library() -> str:
    theta, h, other, opt = np.zeros(3), np.zeros(3), np.zeros(3), RMSprop(0.1)
    for g in GRADIENTS:
        h = 0.9 * h + 0.1 * g * g
        theta = theta - 0.1 * g / (np.sqrt(h) + 1e-7)
        opt.step(other, g)
    assert np.abs(theta - other).max() < 1e-12
    return "RMSprop(0.1), 60 steps, difference below 1e-12"


def _twin(name: str, published: dict[str, str], **parameters: object) -> str:
    """Compare a twin with the formulas of the page, written out as text."""
    step = {str(symbol): formula for symbol, formula in symbolic.optimizer_step(name, **parameters).items()}
    assert step.keys() == published.keys()
    letters = {str(symbol): symbol for formula in step.values() for symbol in formula.free_symbols}
    for symbol, formula in published.items():
        assert sp.simplify(step[symbol] - sp.sympify(formula, locals=letters)) == 0, symbol
    return f"the twin of {name}, {len(published)} formulas"


def _adagrad_twin() -> str:
    return _twin("adagrad", {"v": "v + g**2", "theta": "theta - eta*g/(sqrt(v + g**2) + epsilon)"})


def _rmsprop_twin() -> str:
    h = "(rho*v + (1 - rho)*g**2)"
    return _twin("rmsprop", {"v": h, "theta": f"theta - eta*g/(sqrt{h} + epsilon)"})


def _adadelta_twin() -> str:
    h = "(rho*v + (1 - rho)*g**2)"
    s = f"(sqrt(u + epsilon)/sqrt({h} + epsilon)*g)"
    return _twin("adadelta", {"v": h, "u": f"rho*u + (1 - rho)*{s}**2", "theta": f"theta - eta*{s}"})


M, V = "(beta_1*m + (1 - beta_1)*g)", "(beta_2*v + (1 - beta_2)*g**2)"


def _adam_twin() -> str:
    theta = f"theta - eta*({M}/(1 - beta_1**t))/(sqrt({V}/(1 - beta_2**t)) + epsilon)"
    return _twin("adam", {"m": M, "v": V, "theta": theta})


def _amsgrad_twin() -> str:
    largest = f"Max(v_max, {V})"
    theta = f"theta - eta*({M}/(1 - beta_1**t))/(sqrt({largest}/(1 - beta_2**t)) + epsilon)"
    return _twin("adam", {"m": M, "v": V, "v_max": largest, "theta": theta}, amsgrad=True)


def _amsgrad_library() -> str:
    theta, m, v, v_max, other = (np.zeros(3) for _ in range(5))
    opt = Adam(0.1, beta_2=0.9, amsgrad=True)
    for t, g in enumerate(GRADIENTS, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.9 * v + 0.1 * g**2
        v_max = np.maximum(v_max, v)
        theta = theta - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v_max / (1 - 0.9**t)) + 1e-7)
        opt.step(other, g)
    assert np.abs(theta - other).max() < 1e-12
    return "Adam(amsgrad=True), 60 steps, difference below 1e-12"


def _adam_means_trials() -> str:
    rng = np.random.default_rng(0)
    for _ in range(100):
        g = rng.standard_normal(20)
        m = 0.0
        for i in range(20):
            m = 0.9 * m + 0.1 * g[i]
            assert abs(m - 0.1 * np.sum(0.9 ** np.arange(i, -1, -1) * g[: i + 1])) < 1e-12
    return "100 sequences: the recursion is the weighted sum of the proof"


def _schedules() -> str:
    t = sp.Symbol("t", positive=True)
    assert sp.summation(1 / (1 + t), (t, 0, sp.oo)) == sp.oo
    assert sp.summation(1 / (1 + t) ** 2, (t, 0, sp.oo)) == sp.pi**2 / 6
    assert sp.summation(sp.Rational(1, 2) ** t, (t, 0, sp.oo)) == 2
    return "the sum of the inverse-time rates diverges, of their squares not; exponential rates have a finite sum"


def _schedules_library() -> str:
    for t in (0, 1, 7, 50, 100):
        assert np.isclose(InverseTimeDecay(0.2, 20, 1.0)(t), 0.2 / (1 + t / 20))
        assert np.isclose(ExponentialDecay(0.2, 100, 0.5)(t), 0.2 * 0.5 ** (t / 100))
        assert np.isclose(CosineDecay(0.2, 100)(t), 0.1 * (1 + np.cos(np.pi * t / 100)))
    return "InverseTimeDecay, ExponentialDecay, CosineDecay at 5 steps"


def _stall() -> str:
    theta, opt = np.zeros(1), Adagrad(0.01, initial_accumulator_value=0.0)
    for n in range(1, 2001):
        opt.step(theta, np.ones(1))
        way = 0.02 * np.sqrt(n)
        assert way - 0.02 < -theta[0] <= way, n
    return "Adagrad on a constant slope, 2,000 steps within 2η of 2η√n"


def _bounded() -> str:
    rng = np.random.default_rng(0)
    for _ in range(100):
        opt, theta, gradients = RMSprop(0.01), np.zeros(4), rng.uniform(-3, 3, (30, 4))
        h = np.zeros(4)
        for g in gradients:
            opt.step(theta, g)
            h = 0.9 * h + 0.1 * g**2
            assert (h <= 9).all()
    return "100 runs of 30 gradients, h never above the largest g²"


def _adadelta_library() -> str:
    rng = np.random.default_rng(0)
    theta, h, u, other, opt = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3), Adadelta(1.0, epsilon=1e-6)
    for g in rng.standard_normal((50, 3)):
        h = 0.95 * h + 0.05 * g**2
        s = np.sqrt(u + 1e-6) / np.sqrt(h + 1e-6) * g
        u, theta = 0.95 * u + 0.05 * s**2, theta - s
        opt.step(other, g)
    assert np.abs(theta - other).max() < 1e-12
    return "Adadelta(1.0), 50 steps, difference below 1e-12"


def _bias() -> str:
    beta, c = sp.symbols("beta c", positive=True)
    m = sp.S.Zero
    for t in range(1, 8):
        m = sp.expand(beta * m + (1 - beta) * c)
        assert sp.expand(m - (1 - beta**t) * c) == 0, t
    return "the mean of a constant, 7 steps"


def _bias_trials() -> str:
    g = 2 + np.random.default_rng(0).standard_normal((40_000, 5))
    m = np.zeros(len(g))
    for t in range(1, 6):
        m = 0.9 * m + 0.1 * g[:, t - 1]
        assert abs(m.mean() - (1 - 0.9**t) * 2) < 0.01, t
    return "40,000 random sequences, 5 steps, within 0.01"


def _adam_library() -> str:
    rng = np.random.default_rng(0)
    theta, m, v, other, opt = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3), Adam(0.1)
    for t, g in enumerate(rng.standard_normal((100, 3)), start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
        opt.step(other, g)
    assert np.abs(theta - other).max() < 1e-12
    return "Adam(0.1), 100 steps, difference below 1e-12"


def _adamw() -> str:
    difference = symbolic.optimizer_step("adamw")[symbolic.theta] - symbolic.optimizer_step("adam")[symbolic.theta]
    eta, lam = symbolic.symbols.eta, symbolic.symbols.lam
    assert sp.simplify(difference + eta * lam * symbolic.theta) == 0
    return "AdamW − Adam = −ηλθ"


def _adamw_library() -> str:
    theta, other = np.ones(2), np.ones(2)
    decay, plain = AdamW(0.01, weight_decay=0.1), Adam(0.01)
    for g in np.random.default_rng(0).standard_normal((50, 2)):
        decay.step(theta, g)
        other *= 1 - 0.01 * 0.1
        plain.step(other, g)
    assert np.abs(theta - other).max() < 1e-12
    return "AdamW, 50 steps, difference below 1e-12"


def _floor() -> str:
    V, eta, lam, s = sp.symbols("V eta lambda s", positive=True)
    fixed = sp.solve(sp.Eq(V, (1 - eta * lam) ** 2 * V + eta**2 * s**2), V)
    assert sp.simplify(fixed[0] - eta * s**2 / (lam * (2 - eta * lam))) == 0
    return "the fixed point of the variance"


def _floor_trials() -> str:
    rng, theta = np.random.default_rng(0), np.zeros(20_000)
    for _ in range(100):
        theta -= 0.2 * (theta + rng.standard_normal(len(theta)))
    assert abs(theta.var() / (0.2 / 1.8) - 1) < 0.05
    return "20,000 runs at η = 0.2, within 5 %"


DERIVATIONS = [
    Derivation("eq-ch08-descent", "Gradient descent", library=_descent_library),
    Derivation("eq-ch08-normal", "The normal equations of least squares", trials=_normal),
    Derivation("thm-ch08-noise", "The noise of a mini-batch", trials=_noise),
    Derivation("eq-ch08-factor", "One step on a parabola", symbolic=_factor),
    Derivation("eq-ch08-gd-rate", "The best rate of gradient descent", symbolic=_gd_rate, trials=_gd_trials),
    Derivation("eq-ch08-momentum", "Momentum", symbolic=_momentum, library=_momentum_library),
    Derivation("eq-ch08-recurrence", "Momentum in one line", symbolic=_recurrence),
    Derivation("eq-ch08-characteristic", "The roots of a momentum run", trials=_characteristic),
    Derivation("thm-ch08-heavy-ball", "The heavy ball", symbolic=_heavy_ball, trials=_heavy_ball_trials),
    Derivation("eq-ch08-other-notation", "Momentum in the other notation", symbolic=_other_notation),
    Derivation("eq-ch08-nesterov", "Nesterov's momentum brakes the steep direction", symbolic=_nesterov),
    Derivation(
        "eq-ch08-nesterov-phi",
        "Nesterov's step, from the place ahead",
        symbolic=_nesterov_twin,
        library=_nesterov_library,
    ),
    Derivation("eq-ch08-adagrad", "AdaGrad", symbolic=_adagrad_twin, library=_adagrad_library),
    Derivation("eq-ch08-stall", "AdaGrad stalls", library=_stall),
    Derivation("eq-ch08-rmsprop", "RMSProp", symbolic=_rmsprop_twin, library=_rmsprop_library),
    Derivation("thm-ch08-bounded", "RMSProp's mean is bounded", trials=_bounded),
    Derivation("eq-ch08-adadelta", "AdaDelta", symbolic=_adadelta_twin, library=_adadelta_library),
    Derivation("eq-ch08-adam-means", "Adam's means as weighted sums", trials=_adam_means_trials),
    Derivation("thm-ch08-bias", "The bias correction", symbolic=_bias, trials=_bias_trials),
    Derivation("eq-ch08-adam", "Adam", symbolic=_adam_twin, library=_adam_library),
    Derivation("eq-ch08-adamw", "AdamW", symbolic=_adamw, library=_adamw_library),
    Derivation("eq-ch08-amsgrad", "AMSGrad", symbolic=_amsgrad_twin, library=_amsgrad_library),
    Derivation("eq-ch08-floor", "The noise floor", symbolic=_floor, trials=_floor_trials),
    Derivation("eq-ch08-schedules", "Three schedules", symbolic=_schedules, library=_schedules_library),
]

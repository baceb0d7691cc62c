"""The derivations of chapter 8, optimisers."""

from __future__ import annotations

import numpy as np
import sympy as sp

from mathnn import symbolic
from mathnn.optimizers import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop

from . import Derivation

CURVATURES = np.array([1.0, 25.0])


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
    return "54 curvatures, all roots of the size √μ"


def _nesterov_library() -> str:
    theta, v = np.array([-4.0, 0.6]), np.zeros(2)
    ahead, opt = theta.copy(), SGD(0.03, momentum=0.9, nesterov=True)
    for _ in range(50):
        v = 0.9 * v - 0.03 * CURVATURES * (theta + 0.9 * v)
        theta = theta + v
        opt.step(ahead, CURVATURES * ahead)
    assert np.abs(theta + 0.9 * v - ahead).max() < 1e-12
    return "the place ahead is SGD(nesterov=True)'s θ, 50 steps"


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
    Derivation("thm-ch08-noise", "The noise of a mini-batch", trials=_noise),
    Derivation("eq-ch08-gd-rate", "The best rate of gradient descent", symbolic=_gd_rate, trials=_gd_trials),
    Derivation("eq-ch08-momentum", "Momentum", symbolic=_momentum, library=_momentum_library),
    Derivation("thm-ch08-heavy-ball", "The heavy ball", symbolic=_heavy_ball, trials=_heavy_ball_trials),
    Derivation("eq-ch08-nesterov-phi", "Nesterov's step, from the place ahead", library=_nesterov_library),
    Derivation("eq-ch08-stall", "AdaGrad stalls", library=_stall),
    Derivation("thm-ch08-bounded", "RMSProp's mean is bounded", trials=_bounded),
    Derivation("eq-ch08-adadelta", "AdaDelta", library=_adadelta_library),
    Derivation("thm-ch08-bias", "The bias correction", symbolic=_bias, trials=_bias_trials),
    Derivation("eq-ch08-adam", "Adam", library=_adam_library),
    Derivation("eq-ch08-adamw", "AdamW", symbolic=_adamw, library=_adamw_library),
    Derivation("eq-ch08-floor", "The noise floor", symbolic=_floor, trials=_floor_trials),
]

"""Recurrences: a state that every step makes of the input and of the state before, and its derivative.

Each function runs whole sequences, time first: X (T, m, d) holds the T steps of m samples. What does not depend on the
step before is taken out of the loop: the input weights are applied to all steps in one product, Z = X W + b, and so are
the derivatives by the weights afterwards. H (T + 1, m, u) begins with the initial state 0: H[t] is what a step starts
from, H[t + 1] what it arrives at.

The backward functions go from the last step to the first: backpropagation through time (Werbos, 1990,
*Backpropagation through time: what it does and how to do it*). They take dH (T, m, u), ∂J/∂h_t without what reaches it
through later steps; ``dh`` carries that. Once dz_t is known for all steps::

    dW = Σ_t x_tᵀ dz_t       dU = Σ_t h_{t-1}ᵀ dz_t       db = Σ_t dz_t       dx_t = dz_t Wᵀ

Activations are objects of :mod:`mathnn.activations`. ``new(key, shape, dtype)`` hands out working arrays; a layer gives
its own, to use them again from batch to batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .activations import ActivationFunction, linear, sigmoid, tanh

__all__ = [
    "elman",
    "elman_backward",
    "gru",
    "gru_backward",
    "gru_reset_before",
    "gru_reset_before_backward",
    "jordan",
    "jordan_backward",
    "lstm",
    "lstm_backward",
]

Array = NDArray[Any]
Workspace = Callable[[str, tuple[int, ...], DTypeLike], Array]


def fresh(key: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return a new array, whatever the key."""
    return np.empty(shape, dtype)


def _project(X: Array, W: Array, b: Array | None, new: Workspace, key: str = "Z") -> Array:
    """Z = X W + b, all steps in one product."""
    Z = new(key, (*X.shape[:2], W.shape[1]), X.dtype)
    np.dot(_rows(X), W, _rows(Z))
    if b is not None:
        Z += b
    return Z


def _states(key: str, T: int, like: Array, units: int, new: Workspace) -> Array:
    """Return room for the initial state, which is 0, and T more."""
    H = new(key, (T + 1, like.shape[1], units), like.dtype)
    H[0] = 0
    return H


def _rows(A: Array) -> Array:
    """Every step of every sample as one row."""
    return A.reshape(A.shape[0] * A.shape[1], A.shape[2])


def _by_gate(Z: Array, n: int) -> Array:
    """Return a view of Z (T, m, n u) as (T, n, m, u): its n blocks of columns, one for each gate."""
    return Z.reshape(*Z.shape[:2], n, Z.shape[2] // n).swapaxes(1, 2)


def _product(A: Array, D: Array) -> Array:
    """Σ_t a_tᵀ d_t."""
    product: Array = np.dot(_rows(A).T, _rows(D))
    return product


def _total(D: Array) -> Array:
    """Σ_t of d_t over all rows; as a product with ones, which is several times as fast as sum(axis=0)."""
    rows = _rows(D)
    total: Array = np.dot(np.ones(len(rows), D.dtype), rows)
    return total


def _through(D: Array, W: Array, needed: bool, new: Workspace) -> Array | None:
    """d_t Wᵀ for all t, if it is needed."""
    if not needed:
        return None
    dX = new("dX", (*D.shape[:2], len(W)), D.dtype)
    np.dot(_rows(D), W.T, _rows(dX))
    return dX


# --- Elman ------------------------------------------------------------------------------------------------------------


def elman(
    X: Array, W: Array, U: Array, b: Array | None = None, f: ActivationFunction = tanh, new: Workspace = fresh
) -> tuple[Array, Array]:
    """h_t = f(x_t W + h_{t-1} U + b); return H (T + 1, m, u) and the pre-activations Z (T, m, u).

    W (d, u), U (u, u), b (u,). Source: Elman (1990), *Finding structure in time*.

    >>> X = np.ones((3, 1, 1))
    >>> H, Z = elman(X, W=np.eye(1), U=0.5 * np.eye(1), f=linear)
    >>> H[:, 0, 0].tolist()
    [0.0, 1.0, 1.5, 1.75]
    """
    Z = _project(X, W, b, new)
    H = _states("H", len(X), X, len(U), new)
    for t in range(len(X)):
        Z[t] += np.dot(H[t], U)
        f.apply(Z[t], H[t + 1])
    return H, Z


def elman_backward(
    dH: Array,
    X: Array,
    W: Array,
    U: Array,
    H: Array,
    Z: Array,
    f: ActivationFunction = tanh,
    new: Workspace = fresh,
    need_dX: bool = True,
) -> tuple[Array | None, Array, Array, Array]:
    """dz_t = (dh_t + dz_{t+1} Uᵀ) ⊙ f'(z_t); return dX, dW, dU, db."""
    dZ = new("dZ", Z.shape, Z.dtype)
    dh: Any = 0
    for t in reversed(range(len(X))):
        f.backward(dH[t] + dh, Z[t], H[t + 1], dZ[t])
        dh = np.dot(dZ[t], U.T)
    return _through(dZ, W, need_dX, new), _product(X, dZ), _product(H[:-1], dZ), _total(dZ)


# --- Jordan -----------------------------------------------------------------------------------------------------------


def jordan(
    X: Array,
    W: Array,
    U: Array,
    V: Array,
    b: Array | None = None,
    c: Array | None = None,
    f: ActivationFunction = tanh,
    g: ActivationFunction = linear,
    new: Workspace = fresh,
) -> tuple[Array, Array, Array, Array]:
    """h_t = f(x_t W + y_{t-1} U + b), y_t = g(h_t V + c): what comes back is the output, not the state.

    W (d, u), U (k, u), V (u, k), b (u,), c (k,). Return Y (T + 1, m, k), which begins with y = 0, the pre-activations
    Z (T, m, u), the hidden values H (T, m, u) and the outputs' pre-activations Q (T, m, k).

    Source: Jordan (1986), *Serial order: a parallel distributed processing approach*, with a context that holds the
    last output alone (Jordan's context also keeps a fading part of its own past).
    """
    Z = _project(X, W, b, new)
    H, Q = new("H", Z.shape, Z.dtype), new("Q", (*X.shape[:2], len(U)), X.dtype)
    Y = _states("Y", len(X), X, len(U), new)
    for t in range(len(X)):
        Z[t] += np.dot(Y[t], U)
        f.apply(Z[t], H[t])
        np.dot(H[t], V, Q[t])
        if c is not None:
            Q[t] += c
        g.apply(Q[t], Y[t + 1])
    return Y, Z, H, Q


def jordan_backward(
    dY: Array,
    X: Array,
    W: Array,
    U: Array,
    V: Array,
    Y: Array,
    Z: Array,
    H: Array,
    Q: Array,
    f: ActivationFunction = tanh,
    g: ActivationFunction = linear,
    new: Workspace = fresh,
    need_dX: bool = True,
) -> tuple[Array | None, Array, Array, Array, Array, Array]:
    """dq_t = (dy_t + dz_{t+1} Uᵀ) ⊙ g'(q_t), dz_t = (dq_t Vᵀ) ⊙ f'(z_t); return dX, dW, dU, dV, db, dc.

    dU = Σ_t y_{t-1}ᵀ dz_t, dV = Σ_t h_tᵀ dq_t and dc = Σ_t dq_t.
    """
    dZ, dQ = new("dZ", Z.shape, Z.dtype), new("dQ", Q.shape, Q.dtype)
    dy: Any = 0
    for t in reversed(range(len(X))):
        g.backward(dY[t] + dy, Q[t], Y[t + 1], dQ[t])
        f.backward(np.dot(dQ[t], V.T), Z[t], H[t], dZ[t])
        dy = np.dot(dZ[t], U.T)
    dX = _through(dZ, W, need_dX, new)
    return dX, _product(X, dZ), _product(Y[:-1], dZ), _product(H, dQ), _total(dZ), _total(dQ)


# --- LSTM -------------------------------------------------------------------------------------------------------------


def lstm(
    X: Array,
    W: Array,
    U: Array,
    b: Array | None = None,
    phi: ActivationFunction = tanh,
    sigma: ActivationFunction = sigmoid,
    new: Workspace = fresh,
) -> tuple[Array, Array, Array, Array, Array]:
    """Long short-term memory: a cell c whose content passes from step to step through a gate, not through weights.

    With z_t = x_t W + h_{t-1} U + b (m, 4u), its columns in the blocks i, f, c, o::

        i = σ(z_i)     f = σ(z_f)     g = φ(z_c)     o = σ(z_o)
        c_t = f ⊙ c_{t-1} + i ⊙ g
        h_t = o ⊙ φ(c_t)

    W (d, 4u), U (u, 4u), b (4u,). Return H and C (T + 1, m, u), Z (T, m, 4u), the gates A (T, 4, m, u) and S = φ(c_t)
    (T, m, u). The gates lie apart, not side by side as in Z, because arithmetic on whole blocks takes half the time.

    In float32 all gates take one tanh, by σ(z) = ½ tanh(z/2) + ½, which is right to 1e-7 absolute (and Z holds z/2 for
    them); float64 takes the exact σ.

    Source: Hochreiter and Schmidhuber (1997), *Long short-term memory*, with the forget gate of Gers, Schmidhuber and
    Cummins (2000).
    """
    T, m, u = len(X), X.shape[1], len(U)
    one_tanh = X.dtype == np.float32 and phi.name == "tanh" and sigma.name == "sigmoid"
    if one_tanh:
        half = np.repeat(np.array([0.5, 0.5, 1, 0.5], X.dtype), u)
        W, U, b = W * half, U * half, None if b is None else b * half
    Z = _project(X, W, b, new)
    z, A = _by_gate(Z, 4), new("A", (T, 4, m, u), Z.dtype)
    H, C, S = _states("H", T, X, u, new), _states("C", T, X, u, new), new("S", (T, m, u), Z.dtype)
    for t in range(T):
        Z[t] += np.dot(H[t], U)
        i, f, g, o = A[t]
        if one_tanh:
            np.tanh(z[t], out=A[t])
            for gate in (A[t, :2], o):
                gate *= 0.5
                gate += 0.5
        else:
            sigma.apply(z[t, :2], A[t, :2])
            phi.apply(z[t, 2], g)
            sigma.apply(z[t, 3], o)
        C[t + 1] = f * C[t] + i * g
        phi.apply(C[t + 1], S[t])
        H[t + 1] = o * S[t]
    return H, C, Z, A, S


def lstm_backward(
    dH: Array,
    X: Array,
    W: Array,
    U: Array,
    H: Array,
    C: Array,
    Z: Array,
    A: Array,
    S: Array,
    phi: ActivationFunction = tanh,
    sigma: ActivationFunction = sigmoid,
    new: Workspace = fresh,
    need_dX: bool = True,
) -> tuple[Array | None, Array, Array, Array]:
    """Return dX, dW, dU, db. Going back through step t, where dh and dc hold what comes from step t + 1::

        dh = dh + dh_t                 do = dh ⊙ φ(c_t)
        dc = dc + dh ⊙ o ⊙ φ'(c_t)     di = dc ⊙ g     df = dc ⊙ c_{t-1}     dg = dc ⊙ i
        dz = (di, df, dg, do) ⊙ (σ', σ', φ', σ')

    and what step t - 1 takes over is dz Uᵀ for dh and dc ⊙ f for dc.
    """
    dZ, dA = new("dZ", Z.shape, Z.dtype), new("dA", A.shape[1:], Z.dtype)
    z, dz = _by_gate(Z, 4), _by_gate(dZ, 4)
    UT = np.ascontiguousarray(U.T)
    dh: Any = 0
    dc: Any = 0
    for t in reversed(range(len(X))):
        i, f, g, o = A[t]
        dh = dh + dH[t]
        dc = dc + phi.backward(dh * o, C[t + 1], S[t])
        dA[0], dA[1], dA[2], dA[3] = dc * g, dc * C[t], dc * i, dh * S[t]
        sigma.backward(dA[:2], z[t, :2], A[t, :2], dz[t, :2])
        phi.backward(dA[2], z[t, 2], g, dz[t, 2])
        sigma.backward(dA[3], z[t, 3], o, dz[t, 3])
        dh, dc = np.dot(dZ[t], UT), dc * f
    return _through(dZ, W, need_dX, new), _product(X, dZ), _product(H[:-1], dZ), _total(dZ)


# --- GRU --------------------------------------------------------------------------------------------------------------


def gru(
    X: Array,
    W: Array,
    U: Array,
    b: Array | None = None,
    phi: ActivationFunction = tanh,
    sigma: ActivationFunction = sigmoid,
    new: Workspace = fresh,
) -> tuple[Array, Array, Array, Array]:
    """Gated recurrent unit, with the reset gate behind the product with U, as cuDNN and Keras have it.

    With p_t = x_t W + b_0 and q_t = h_{t-1} U + b_1 (m, 3u), their columns in the blocks z, r, h::

        z = σ(p_z + q_z)     r = σ(p_r + q_r)     h̃ = φ(p_h + r ⊙ q_h)
        h_t = z ⊙ h_{t-1} + (1 - z) ⊙ h̃

    W (d, 3u), U (u, 3u), b (2, 3u). Return H (T + 1, m, u), the sums in brackets P (T, m, 3u), A (T, 3, m, u) with z, r
    and h̃, and Q (T, m, 3u).

    Source: Cho et al. (2014), *Learning phrase representations using RNN encoder-decoder for statistical machine
    translation*; :func:`gru_reset_before` is as published there.
    """
    T, m, u = len(X), X.shape[1], len(U)
    P = _project(X, W, None if b is None else b[0], new)
    A, Q = new("A", (T, 3, m, u), P.dtype), new("Q", P.shape, P.dtype)
    p, q = _by_gate(P, 3), _by_gate(Q, 3)
    H = _states("H", T, X, u, new)
    for t in range(T):
        np.dot(H[t], U, Q[t])
        if b is not None:
            Q[t] += b[1]
        z, r, h = A[t]
        p[t, :2] += q[t, :2]
        sigma.apply(p[t, :2], A[t, :2])
        p[t, 2] += r * q[t, 2]
        phi.apply(p[t, 2], h)
        H[t + 1] = z * H[t] + (1 - z) * h
    return H, P, A, Q


def gru_backward(
    dH: Array,
    X: Array,
    W: Array,
    U: Array,
    H: Array,
    P: Array,
    A: Array,
    Q: Array,
    phi: ActivationFunction = tanh,
    sigma: ActivationFunction = sigmoid,
    new: Workspace = fresh,
    need_dX: bool = True,
) -> tuple[Array | None, Array, Array, Array]:
    """Return dX, dW, dU, db (2, 3u). Going back through step t, where dh holds what comes from step t + 1::

        dh = dh + dh_t
        dp_h = dh ⊙ (1 - z) ⊙ φ'                 dq_h = dp_h ⊙ r
        dp_z = dh ⊙ (h_{t-1} - h̃) ⊙ σ' = dq_z    dp_r = dp_h ⊙ q_h ⊙ σ' = dq_r

    and step t - 1 takes over dh ⊙ z + dq Uᵀ. Then dW = Σ xᵀ dp, dU = Σ h_{t-1}ᵀ dq, db_0 = Σ dp and db_1 = Σ dq.
    """
    dP, dQ, dA = new("dP", P.shape, P.dtype), new("dQ", P.shape, P.dtype), new("dA", A.shape[1:], P.dtype)
    p, q, dp, dq = _by_gate(P, 3), _by_gate(Q, 3), _by_gate(dP, 3), _by_gate(dQ, 3)
    UT = np.ascontiguousarray(U.T)
    dh: Any = 0
    for t in reversed(range(len(X))):
        z, r, h = A[t]
        dh = dh + dH[t]
        dA[2] = phi.backward(dh * (1 - z), p[t, 2], h)
        dA[0], dA[1] = dh * (H[t] - h), dA[2] * q[t, 2]
        sigma.backward(dA[:2], p[t, :2], A[t, :2], dA[:2])
        dp[t] = dA
        dA[2] *= r
        dq[t] = dA
        dh = dh * z + np.dot(dQ[t], UT)
    dX = _through(dP, W, need_dX, new)
    return dX, _product(X, dP), _product(H[:-1], dQ), np.stack([_total(dP), _total(dQ)])


def gru_reset_before(
    X: Array,
    W: Array,
    U: Array,
    b: Array | None = None,
    phi: ActivationFunction = tanh,
    sigma: ActivationFunction = sigmoid,
    new: Workspace = fresh,
) -> tuple[Array, Array, Array, Array]:
    """Gated recurrent unit as published: the reset gate before the product with U.

    With p_t = x_t W + b (m, 3u) in the blocks z, r, h, and U (u, 3u) in the same::

        z = σ(p_z + h_{t-1} U_z)     r = σ(p_r + h_{t-1} U_r)     h̃ = φ(p_h + (r ⊙ h_{t-1}) U_h)
        h_t = z ⊙ h_{t-1} + (1 - z) ⊙ h̃

    b (3u,). Return H (T + 1, m, u), the sums in brackets P (T, m, 3u), A (T, 3, m, u) with z, r and h̃, and
    R = r ⊙ h_{t-1} (T, m, u).

    Source: Cho et al. (2014), equations 5 to 8; the part of z and 1 - z as Keras and cuDNN have it.
    """
    T, m, u = len(X), X.shape[1], len(U)
    P = _project(X, W, b, new)
    p = _by_gate(P, 3)
    A, R = new("A", (T, 3, m, u), P.dtype), new("R", (T, m, u), P.dtype)
    H = _states("H", T, X, u, new)
    Uzr, Uh = U[:, : 2 * u], U[:, 2 * u :]
    for t in range(T):
        z, r, h = A[t]
        P[t, :, : 2 * u] += np.dot(H[t], Uzr)
        sigma.apply(p[t, :2], A[t, :2])
        R[t] = r * H[t]
        P[t, :, 2 * u :] += np.dot(R[t], Uh)
        phi.apply(p[t, 2], h)
        H[t + 1] = z * H[t] + (1 - z) * h
    return H, P, A, R


def gru_reset_before_backward(
    dH: Array,
    X: Array,
    W: Array,
    U: Array,
    H: Array,
    P: Array,
    A: Array,
    R: Array,
    phi: ActivationFunction = tanh,
    sigma: ActivationFunction = sigmoid,
    new: Workspace = fresh,
    need_dX: bool = True,
) -> tuple[Array | None, Array, Array, Array]:
    """Return dX, dW, dU, db (3u,). Going back through step t, where dh holds what comes from step t + 1::

        dh = dh + dh_t
        dp_h = dh ⊙ (1 - z) ⊙ φ'                 ds = dp_h U_hᵀ, for s = r ⊙ h_{t-1}
        dp_z = dh ⊙ (h_{t-1} - h̃) ⊙ σ'           dp_r = ds ⊙ h_{t-1} ⊙ σ'

    and step t - 1 takes over dh ⊙ z + ds ⊙ r + dp_z U_zᵀ + dp_r U_rᵀ.
    """
    u = len(U)
    dP, dA = new("dP", P.shape, P.dtype), new("dA", A.shape[1:], P.dtype)
    p, dp = _by_gate(P, 3), _by_gate(dP, 3)
    UzrT, UhT = np.ascontiguousarray(U[:, : 2 * u].T), np.ascontiguousarray(U[:, 2 * u :].T)
    dh: Any = 0
    for t in reversed(range(len(X))):
        z, r, h = A[t]
        dh = dh + dH[t]
        dA[2] = phi.backward(dh * (1 - z), p[t, 2], h)
        ds = np.dot(dA[2], UhT)
        dA[0], dA[1] = dh * (H[t] - h), ds * H[t]
        sigma.backward(dA[:2], p[t, :2], A[t, :2], dA[:2])
        dp[t] = dA
        dh = dh * z + ds * r + np.dot(dP[t, :, : 2 * u], UzrT)
    dU = np.concatenate([_product(H[:-1], dP[..., : 2 * u]), _product(R, dP[..., 2 * u :])], axis=1)
    return _through(dP, W, need_dX, new), _product(X, dP), dU, _total(dP)

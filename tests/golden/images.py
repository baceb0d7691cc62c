"""Golden values of the layers on images, from PyTorch in float64.

    python -m tests.golden.images        needs torch==2.13.0; writes data/images.npz

Each case gives X (m, H, W, C), the parameters as mathnn has them, a cotangent, and PyTorch's output and gradients of
Σ C ⊙ output. PyTorch has channels first and kernels as (out, in, kh, kw), and pads alike on both sides: what "same"
pads is padded by hand here, and what the transposed layer leaves out is cut off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).parent / "data" / "images.npz"

#: For each case the layer, its arguments, and the shape of X.
CASES: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "conv": ("Conv2D", {"filters": 4, "kernel_size": 3}, (2, 6, 5, 3)),
    "conv strides": ("Conv2D", {"filters": 4, "kernel_size": (3, 2), "strides": (2, 3)}, (2, 8, 9, 3)),
    "conv same": ("Conv2D", {"filters": 4, "kernel_size": (3, 4), "padding": "same"}, (2, 5, 6, 3)),
    "conv same strides": (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
        (2, 6, 7, 3),
    ),
    "conv padding": ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": (1, 2)}, (2, 5, 6, 3)),
    "conv dilation": ("Conv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": (2, 3)}, (2, 7, 9, 3)),
    "conv dilation strides padding": (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "strides": 3, "padding": 2},
        (2, 9, 8, 3),
    ),
    "conv groups": ("Conv2D", {"filters": 6, "kernel_size": 3, "groups": 3, "padding": 1}, (2, 5, 5, 6)),
    "conv depthwise": ("Conv2D", {"filters": 8, "kernel_size": 3, "groups": 4, "strides": 2}, (2, 7, 7, 4)),
    "conv wide kernel": ("Conv2D", {"filters": 6, "kernel_size": 5, "padding": "same"}, (2, 8, 8, 1)),
    "conv pointwise tanh": ("Conv2D", {"filters": 4, "kernel_size": 1, "activation": "tanh"}, (2, 4, 4, 3)),
    "conv no bias": ("Conv2D", {"filters": 4, "kernel_size": 2, "use_bias": False}, (2, 4, 4, 3)),
    "transpose": ("Conv2DTranspose", {"filters": 4, "kernel_size": 3}, (2, 4, 5, 3)),
    "transpose strides": ("Conv2DTranspose", {"filters": 4, "kernel_size": 4, "strides": (2, 3)}, (2, 4, 3, 3)),
    "transpose padding": (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 4, "strides": 2, "padding": 1},
        (2, 4, 3, 3),
    ),
    "transpose same": (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
        (2, 4, 3, 3),
    ),
    "transpose dilation": (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 2, "dilation_rate": 2, "padding": 1},
        (2, 4, 5, 3),
    ),
    "transpose groups": ("Conv2DTranspose", {"filters": 6, "kernel_size": 3, "groups": 2}, (2, 4, 3, 4)),
    "max": ("MaxPooling2D", {}, (2, 6, 8, 3)),
    "max odd": ("MaxPooling2D", {"pool_size": (2, 3)}, (2, 7, 8, 3)),
    "max overlapping": ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": 1}, (2, 7, 8, 3)),
    "max same": ("MaxPooling2D", {"pool_size": 2, "padding": "same"}, (2, 5, 7, 3)),
    "max far apart": ("MaxPooling2D", {"pool_size": (1, 2), "strides": 3}, (2, 7, 8, 3)),
    "average": ("AveragePooling2D", {}, (2, 6, 8, 3)),
    "average overlapping": ("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": 1}, (2, 7, 8, 3)),
    "average same": ("AveragePooling2D", {"pool_size": (3, 2), "strides": 1, "padding": "same"}, (2, 5, 6, 3)),
    "global average": ("GlobalAveragePooling2D", {}, (2, 4, 5, 3)),
    "nearest": ("UpSampling2D", {"size": (2, 3)}, (2, 3, 4, 3)),
    "bilinear": ("UpSampling2D", {"size": (3, 2), "interpolation": "bilinear"}, (2, 3, 4, 3)),
}


def same(n: int, k: int, s: int) -> tuple[int, int]:
    """What TensorFlow pads before and behind n inputs (Keras's documentation of padding="same")."""
    total = max(k - s if n % s == 0 else k - n % s, 0)
    return total // 2, total - total // 2


def both(value: Any) -> tuple[int, int]:
    """One integer for both axes, or a pair."""
    return value if isinstance(value, tuple) else (value, value)


def main() -> None:
    """Write all cases."""
    import torch
    import torch.nn.functional as F

    rng = np.random.default_rng(0)
    values: dict[str, np.ndarray] = {}

    def padded(X: Any, k: tuple[int, int], s: tuple[int, int], padding: Any, value: float) -> Any:
        if padding == "valid":
            return X
        (top, bottom), (left, right) = (
            same(n, k[a], s[a]) if padding == "same" else (both(padding)[a],) * 2 for a, n in enumerate(X.shape[2:])
        )
        return F.pad(X, (left, right, top, bottom), value=value)

    def convolution(X: Any, kernel: Any, bias: Any = None, **how: Any) -> Any:
        k, s = both(how["kernel_size"]), both(how.get("strides", 1))
        X = padded(X, k, s, how.get("padding", "valid"), 0)
        Y = F.conv2d(X, kernel.permute(3, 2, 0, 1), bias, s, 0, both(how.get("dilation_rate", 1)), how.get("groups", 1))
        return torch.tanh(Y) if how.get("activation") == "tanh" else Y

    def transposed(X: Any, kernel: Any, bias: Any, **how: Any) -> Any:
        k, s = both(how["kernel_size"]), both(how.get("strides", 1))
        d, padding = both(how.get("dilation_rate", 1)), how.get("padding", "valid")
        p = both(padding) if not isinstance(padding, str) else (0, 0)
        Y = F.conv_transpose2d(X, kernel.permute(3, 2, 0, 1), bias, s, p, 0, how.get("groups", 1), d)
        if padding == "same":
            tops = [same(n * s[a], k[a], s[a])[0] for a, n in enumerate(X.shape[2:])]
            (top, left), (H, W) = tops, (n * s[a] for a, n in enumerate(X.shape[2:]))
            Y = Y[:, :, top : top + H, left : left + W]
        return Y

    def pooled(X: Any, kind: str, **how: Any) -> Any:
        k = both(how.get("pool_size", 2))
        s = both(how.get("strides", k))
        padding = how.get("padding", "valid")
        if kind == "MaxPooling2D":
            return F.max_pool2d(padded(X, k, s, padding, -torch.inf), k, s)
        # A mean that leaves the padding out is a quotient of two sums.
        ones = padded(torch.ones_like(X), k, s, padding, 0)
        return F.avg_pool2d(padded(X, k, s, padding, 0), k, s) / F.avg_pool2d(ones, k, s)

    def upsampled(X: Any, size: tuple[int, int], interpolation: str = "nearest") -> Any:
        options = {} if interpolation == "nearest" else {"align_corners": False}
        return F.interpolate(X, scale_factor=size, mode=interpolation, **options)

    for case, (kind, how, shape) in CASES.items():
        arrays = {"X": rng.standard_normal(shape)}
        if kind.startswith("Conv"):
            groups, filters = how.get("groups", 1), how["filters"]
            channels = (shape[3] // groups, filters) if kind == "Conv2D" else (filters // groups, shape[3])
            arrays["kernel"] = rng.standard_normal((*both(how["kernel_size"]), *channels))
            if how.get("use_bias", True):
                arrays["bias"] = rng.standard_normal(filters)
        tensors = {name: torch.tensor(value, requires_grad=True) for name, value in arrays.items()}
        X, parameters = tensors["X"].permute(0, 3, 1, 2), {n: t for n, t in tensors.items() if n != "X"}
        if kind == "Conv2D":
            Y = convolution(X, **parameters, **how)
        elif kind == "Conv2DTranspose":
            Y = transposed(X, **parameters, **how)
        elif kind == "GlobalAveragePooling2D":
            Y = X.mean(dim=(2, 3))
        elif kind == "UpSampling2D":
            Y = upsampled(X, **how)
        else:
            Y = pooled(X, kind, **how)
        Y = Y.permute(0, 2, 3, 1) if Y.ndim == 4 else Y
        C = rng.standard_normal(tuple(Y.shape))
        (Y * torch.tensor(C)).sum().backward()
        values[f"{case}/C"], values[f"{case}/Y"] = C, Y.detach().numpy()
        for name, tensor in tensors.items():
            values[f"{case}/{name}"] = tensor.detach().numpy()
            values[f"{case}/d{name}"] = tensor.grad.numpy()
    np.savez(PATH, **values)


if __name__ == "__main__":
    main()

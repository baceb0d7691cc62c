"""Models from and for others: PyTorch, Keras, ONNX and scikit-learn, each loaded when it is first used.

``to_torch`` and ``from_torch``, ``to_keras`` and ``from_keras`` carry a model over, weights and running statistics
included; ``to_onnx`` writes a file for any runtime; ``MathnnClassifier`` and ``MathnnRegressor`` are estimators for
scikit-learn. None of these packages is needed for the rest of mathnn: ``pip install "mathnn[torch]"``, ``[keras]``,
``[onnx]`` or ``[sklearn]`` brings the one you want.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# The module of each public name. It is imported at the first use, and imports its framework later still, or then.
_MODULES = {
    "MathnnClassifier": "sklearn",
    "MathnnRegressor": "sklearn",
    "from_keras": "keras",
    "from_torch": "torch",
    "to_keras": "keras",
    "to_onnx": "onnx",
    "to_torch": "torch",
}

__all__ = ["MathnnClassifier", "MathnnRegressor", "from_keras", "from_torch", "to_keras", "to_onnx", "to_torch"]


def __getattr__(name: str) -> Any:
    """Import the module that defines a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])

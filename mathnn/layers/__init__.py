"""The layers; each states the formula of its forward and of its backward pass."""

from .activated import ActivatedLayer
from .activation import (
    ELU,
    GELU,
    SELU,
    Activation,
    HardSigmoid,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Swish,
    Tanh,
)
from .base import Layer, Parameter, get, registry
from .containers import Chain, Container
from .dense import Dense
from .dropout import Dropout
from .reshaping import Flatten

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "ActivatedLayer",
    "Activation",
    "Chain",
    "Container",
    "Dense",
    "Dropout",
    "Flatten",
    "HardSigmoid",
    "Layer",
    "LeakyReLU",
    "LogSoftmax",
    "Parameter",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Swish",
    "Tanh",
    "get",
    "registry",
]

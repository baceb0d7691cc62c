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
from .conv import Conv2D, Conv2DTranspose
from .dense import Dense
from .dropout import Dropout
from .pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D, StochasticPooling2D
from .reshaping import Flatten
from .upsampling import UpSampling2D

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "ActivatedLayer",
    "Activation",
    "AveragePooling2D",
    "Chain",
    "Container",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "HardSigmoid",
    "Layer",
    "LeakyReLU",
    "LogSoftmax",
    "MaxPooling2D",
    "Parameter",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "StochasticPooling2D",
    "Swish",
    "Tanh",
    "UpSampling2D",
    "get",
    "registry",
]

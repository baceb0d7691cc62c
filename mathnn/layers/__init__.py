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
from .composition import Branches, Residual, Slice
from .containers import Chain, Container
from .conv import Conv2D, Conv2DTranspose
from .costs import ActivityRegularization, AuxiliaryHead
from .dense import Dense
from .dropout import Dropout
from .embedding import Embedding
from .gated import GRU, LSTM
from .jordan import JordanRNN
from .noise import GaussianNoise
from .normalization import BatchNormalization, LayerNormalization
from .pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D, StochasticPooling2D
from .recurrent import RecurrentLayer, SimpleRNN
from .reshaping import Flatten, Reshape
from .upsampling import UpSampling2D

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "SELU",
    "ActivatedLayer",
    "Activation",
    "ActivityRegularization",
    "AuxiliaryHead",
    "AveragePooling2D",
    "BatchNormalization",
    "Branches",
    "Chain",
    "Container",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "HardSigmoid",
    "JordanRNN",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LogSoftmax",
    "MaxPooling2D",
    "Parameter",
    "ReLU",
    "RecurrentLayer",
    "Reshape",
    "Residual",
    "SiLU",
    "Sigmoid",
    "SimpleRNN",
    "Slice",
    "Softmax",
    "Softplus",
    "StochasticPooling2D",
    "Swish",
    "Tanh",
    "UpSampling2D",
    "get",
    "registry",
]

"""mathnn: neural networks in NumPy whose code reads like their formulas.

The library of the book *The Mathematics of Neural Networks*. Capitals are layers and other classes, lower case are
functions. ``mathnn.plots``, ``symbolic``, ``explain``, ``autodiff`` and ``exercises`` load what they need when they are
imported.
"""

from . import (
    activations,
    boltzmann,
    callbacks,
    constraints,
    datasets,
    errors,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    preprocessing,
    regularizers,
    schedules,
)
from .boltzmann import DBN, RBM
from .callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from .constraints import Constraint, MaxNorm, UnitNorm
from .errors import (
    ConfigError,
    DownloadError,
    DtypeError,
    FormatError,
    LabelError,
    MathnnError,
    NonFiniteError,
    ShapeError,
    StateError,
)
from .gradient_check import GradientReport, gradcheck
from .initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    VarianceScaling,
    Zeros,
)
from .layers import (
    ELU,
    GELU,
    GRU,
    LSTM,
    SELU,
    Activation,
    ActivityRegularization,
    AuxiliaryHead,
    AveragePooling2D,
    BatchNormalization,
    Branches,
    Chain,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    GlobalAveragePooling2D,
    HardSigmoid,
    JordanRNN,
    Layer,
    LayerNormalization,
    LeakyReLU,
    LogSoftmax,
    MaxPooling2D,
    Parameter,
    ReLU,
    Reshape,
    Residual,
    Sigmoid,
    SiLU,
    SimpleRNN,
    Slice,
    Softmax,
    Softplus,
    StochasticPooling2D,
    Swish,
    Tanh,
    UpSampling2D,
)
from .losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from .metrics import (
    BinaryAccuracy,
    CategoricalAccuracy,
    ClassificationError,
    F1Score,
    Metric,
    Precision,
    R2Score,
    Recall,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    confusion_matrix,
)
from .models import Sequential
from .optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, Optimizer, RMSprop
from .perceptron import Perceptron
from .preprocessing import (
    PCA,
    Normalizer,
    Standardizer,
    minibatches,
    normalize,
    one_hot,
    random_flips,
    random_shifts,
    standardize,
    train_test_split,
)
from .regularizers import L1, L1L2, L2, Regularizer
from .schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    OneCycle,
    PiecewiseConstantDecay,
    PolynomialDecay,
    Schedule,
)
from .serialization import load, save

__version__ = "0.1.0"

# fmt: off
__all__ = [  # noqa: RUF022  grouped by module
    "activations", "boltzmann", "callbacks", "constraints", "datasets", "errors", "initializers", "layers", "losses",
    "metrics", "optimizers", "preprocessing", "regularizers", "schedules",
    "CSVLogger", "Callback", "EarlyStopping", "History", "LambdaCallback", "LearningRateScheduler",
    "ModelCheckpoint", "ReduceLROnPlateau", "TerminateOnNaN",
    "Constraint", "MaxNorm", "UnitNorm",
    "ConfigError", "DownloadError", "DtypeError", "FormatError", "LabelError", "MathnnError", "NonFiniteError",
    "ShapeError", "StateError",
    "GradientReport", "gradcheck",
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Initializer", "LecunNormal",
    "LecunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform", "VarianceScaling", "Zeros",
    "ELU", "GELU", "GRU", "LSTM", "SELU", "Activation", "ActivityRegularization", "AuxiliaryHead",
    "AveragePooling2D", "BatchNormalization", "Branches", "Chain", "Conv2D",
    "Conv2DTranspose", "Dense", "Dropout", "Embedding", "Flatten", "GaussianNoise", "GlobalAveragePooling2D",
    "HardSigmoid", "JordanRNN", "Layer", "LayerNormalization", "LeakyReLU", "LogSoftmax", "MaxPooling2D", "Parameter",
    "ReLU", "Residual", "Reshape", "SiLU", "Sigmoid", "SimpleRNN", "Slice", "Softmax", "Softplus",
    "StochasticPooling2D", "Swish", "Tanh",
    "UpSampling2D",
    "BinaryCrossentropy", "CategoricalCrossentropy", "Hinge", "Huber", "KLDivergence", "LogCosh", "Loss",
    "MeanAbsoluteError", "MeanSquaredError", "SparseCategoricalCrossentropy",
    "BinaryAccuracy", "CategoricalAccuracy", "ClassificationError", "F1Score", "Metric", "Precision", "R2Score",
    "Recall", "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy",
    "confusion_matrix",
    "Sequential",
    "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Nadam", "Optimizer", "RMSprop",
    "Perceptron",
    "DBN", "RBM",
    "PCA", "Normalizer", "Standardizer", "minibatches", "normalize", "one_hot", "random_flips", "random_shifts",
    "standardize", "train_test_split",
    "L1", "L1L2", "L2", "Regularizer",
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "OneCycle",
    "PiecewiseConstantDecay", "PolynomialDecay", "Schedule",
    "load", "save",
]
# fmt: on

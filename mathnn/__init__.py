"""mathnn: neural networks in NumPy whose code reads like their formulas.

The library of the book *The Mathematics of Neural Networks*. Capitals are layers and other classes, lower case are
functions; ``mathnn.plots``, ``mathnn.symbolic`` and ``mathnn.exercises`` load what they need when they are imported.
"""

from . import (
    activations,
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
from .callbacks import *  # noqa: F403
from .constraints import *  # noqa: F403
from .errors import *  # noqa: F403
from .gradient_check import GradientReport, gradcheck
from .initializers import *  # noqa: F403
from .layers import *  # noqa: F403
from .losses import *  # noqa: F403
from .models import Sequential
from .optimizers import *  # noqa: F403
from .perceptron import Perceptron
from .preprocessing import *  # noqa: F403
from .regularizers import *  # noqa: F403
from .schedules import *  # noqa: F403
from .serialization import load

__version__ = "0.1.0"

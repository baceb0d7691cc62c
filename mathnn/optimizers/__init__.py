"""Optimizers: how θ moves, given the gradient g = ∇J(θ).

Each one is its published update rule, done in place on one vector. The letters are the papers': η the
learning rate, t = 1, 2, ... the step; squares, roots and quotients are elementwise. Where a rule keeps a running
mean m ← β m + (1-β) g, the code keeps m/(1-β), for which that line is ``m *= beta; m += g``, and folds the
factor 1-β into the step size: the same numbers with one pass over the vector less. ε stands outside the root, as
in Adam's Algorithm 1 (in Adadelta inside, as published). Names and defaults are those of Keras 3.
"""

from __future__ import annotations

from ..configurable import Registry
from .adam import Adam, Adamax, AdamW, Nadam
from .adaptive import Adadelta, Adagrad, RMSprop
from .base import Optimizer
from .lion import Lion
from .sgd import SGD

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Nadam", "Optimizer", "RMSprop"]

registry: Registry[Optimizer] = Registry("optimizer", Optimizer)
for _optimizer in (SGD, Adagrad, Adadelta, RMSprop, Adam, AdamW, Nadam, Adamax, Lion):
    registry.add(_optimizer)
get = registry.get

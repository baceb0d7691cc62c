"""Settings for the bridges' tests."""

import os

import tests.conftest  # noqa: F401  the settings of Hypothesis

# Keras chooses its backend when it is imported.
os.environ["KERAS_BACKEND"] = "torch"

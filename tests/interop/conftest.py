"""Settings for the bridges' tests."""

import os

# Keras chooses its backend when it is imported.
os.environ["KERAS_BACKEND"] = "torch"

"""``python -m tests.saved.write``: small files as this version of the format has them, and what they must give.

To be run once, before the format gets its next version; the files stay, and every later mathnn has to read them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import mathnn
from mathnn import DBN, RBM, Adam, BatchNormalization, Branches, Dense, Dropout, Sequential
from mathnn.serialization import FORMAT_VERSION

HERE = Path(__file__).parent
RNG = np.random.default_rng(0)
X = RNG.standard_normal((24, 6)).round(3)
y = (X[:, 0] * X[:, 1] > 0).astype(float)
V = (X > 0).astype(float)


def sequential() -> Sequential:
    model = Sequential(
        [
            Dense(5, "tanh", kernel_regularizer=mathnn.L2(1e-3)),
            BatchNormalization(),
            Dropout(0.25),
            Branches(Dense(3, "relu"), Dense(2, mathnn.activations.LeakyReLU(0.05)), merge="concat"),
            Dense(1, "sigmoid", kernel_constraint=mathnn.MaxNorm(2.0)),
        ],
        seed=7,
    )
    schedule = mathnn.ExponentialDecay(0.02, 10, 0.9)
    model.compile(Adam(schedule, global_clipnorm=1.0), "binary_crossentropy", ["accuracy", "f1_score"])
    return model


def machines() -> dict[str, Any]:
    return {
        "sequential": sequential(),
        "rbm": RBM(4, persistent=True, momentum=0.5, weight_decay=0.01, seed=3),
        "dbn": DBN([4, 3], k=2, seed=3),
    }


def go_on(model: Any) -> dict[str, Any]:
    """What a model answers, and what becomes of it after two more epochs."""
    if isinstance(model, Sequential):
        return {"output": model.predict(X), "loss": model.fit(X, y, epochs=2, batch_size=8, verbose=0).history["loss"]}
    if isinstance(model, RBM):
        return {
            "output": model.hidden_probabilities(V),
            "loss": model.fit(V, epochs=2, batch_size=8).history["reconstruction_error"],
            "sample": model.sample(3, steps=5),
        }
    return {
        "output": model.transform(V),
        "loss": [h.history["reconstruction_error"] for h in model.fit(V, epochs=2, batch_size=8)],
        "sample": model.sample(3, steps=5),
    }


def main() -> None:
    for name, model in machines().items():
        path = HERE / f"version{FORMAT_VERSION}-{name}.npz"
        if isinstance(model, Sequential):
            model.fit(X, y, epochs=3, batch_size=8, verbose=0)
        else:
            model.fit(V, epochs=3, batch_size=8)
        model.save(path)
        path.chmod(0o644)
        expected = {key: np.asarray(value).tolist() for key, value in go_on(model).items()}
        path.with_suffix(".json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()

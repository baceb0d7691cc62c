"""Models on disk: one .npz file of plain arrays with a JSON header and a checksum, written atomically.

Nothing is pickled, so opening a file from a stranger runs no code of theirs. Any altered bit is either found by the
checksum or of no effect.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import (
    activations,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from .configurable import Configurable, Registry
from .errors import ConfigError, FormatError, MathnnError, StateError
from .models import Sequential

__all__ = ["FORMAT_VERSION", "load", "save"]

FORMAT_VERSION = 1

layers.registry.add(Sequential)

_KINDS: dict[str, Registry[Any]] = {
    "layer": layers.registry,
    "activation": activations.registry,
    "initializer": initializers.registry,
    "regularizer": regularizers.registry,
    "constraint": constraints.registry,
    "loss": losses.registry,
    "metric": metrics.registry,
    "optimizer": optimizers.registry,
    "schedule": schedules.registry,
}


def _encode(value: Any, path: str = "model") -> Any:
    """Turn a configuration into what JSON can hold."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name}
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, path) for item in value]}
    if isinstance(value, list):
        return [_encode(item, path) for item in value]
    if isinstance(value, Mapping):
        return {"mapping": [[_encode(k, path), _encode(v, path)] for k, v in value.items()]}
    if isinstance(value, Configurable):
        kind = next((k for k, registry in _KINDS.items() if isinstance(value, registry.base)), None)
        if kind is not None:
            name = type(value).__name__
            config = {key: _encode(v, f"{path}.{name}.{key}") for key, v in value.config.items()}
            return {"kind": kind, "class": name, "config": config}
    raise ConfigError(
        f"save: {path} is {value!r}, which cannot be written to a file. Use a named part of mathnn, or a class of your "
        "own that derives from one of its base classes and stores plain numbers and strings"
    )


def _decode(value: Any, custom: Mapping[str, type]) -> Any:
    """Undo ``_encode``."""
    if isinstance(value, list):
        return [_decode(item, custom) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.array(value["array"], value["dtype"])
    if "tuple" in value:
        return tuple(_decode(item, custom) for item in value["tuple"])
    if "mapping" in value:
        return {_decode(k, custom): _decode(v, custom) for k, v in value["mapping"]}
    kind, name = value["kind"], value["class"]
    known = {(item if isinstance(item, type) else type(item)).__name__: item for item in _KINDS[kind].items()}
    cls = custom.get(name) or known.get(name)
    if cls is None:
        raise FormatError(
            f"the file uses a {kind} of class {name!r}, which mathnn does not have; pass "
            f"custom_objects={{{name!r}: {name}}} to load"
        )
    config = {key: _decode(v, custom) for key, v in value["config"].items()}
    maker: Any = cls if isinstance(cls, type) else type(cls)
    return maker.from_config(config)


def _header(model: Sequential) -> dict[str, Any]:
    """Everything about a model that is not an array."""
    compiled = None
    if model.loss is not None and model.optimizer is not None:
        compiled = {
            "loss": _encode(model.loss),
            "optimizer": _encode(model.optimizer),
            "iterations": model.optimizer.iterations,
            "metrics": [[name, _encode(metric)] for name, metric in model.metrics.items()],
        }
    generators = {"initial": model._initial_rng, "shuffle": model._shuffle_rng, **model.generators}
    return {
        "format": "mathnn",
        "version": FORMAT_VERSION,
        "model": _encode(model),
        "frozen": [layer.trainable for layer in model.walk()],
        "laid_out_trainable": model._trainable_size,
        "compiled": compiled,
        "generators": {name: g.bit_generator.state for name, g in generators.items()},
    }


def _as_bytes(text: str) -> NDArray[Any]:
    return np.frombuffer(text.encode(), np.uint8)


def _checksum(header: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over the header and every array with its name, dtype and shape."""
    digest = hashlib.sha256(header.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def save(model: Sequential, path: str | PathLike[str]) -> None:
    """Write a built model to ``path``, exactly that name, replacing what was there only once all is written."""
    if not model.built:
        raise StateError(
            f"{model.label}: nothing to save before the model is built; call build(input_shape) or fit first"
        )
    arrays = {f"weight/{i}": w for i, w in enumerate(model.get_weights())}
    if model.optimizer is not None:
        arrays |= {f"optimizer/{name}": np.asarray(value) for name, value in model.optimizer.state.items()}
    header = json.dumps(_header(model), sort_keys=True)
    checksum = _checksum(header, arrays)
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, header=_as_bytes(header), checksum=_as_bytes(checksum), **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _read(path: str | PathLike[str]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read a file and return its header and arrays, or raise FormatError."""
    try:
        with open(path, "rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise FormatError(f"{path} is not a model saved by mathnn: it holds one bare array")
            with file:
                arrays = {name: file[name] for name in file.files}
    except (FileNotFoundError, FormatError):
        raise
    except Exception as error:
        # A flipped bit sends the readers of zip and array headers down any path: dozens of kinds of error mean this.
        pickled = "allow_pickle" in str(error)
        reason = (
            "it holds pickled objects, which could run code" if pickled else f"it is truncated or altered ({error})"
        )
        raise FormatError(f"{path} is not a model saved by mathnn: {reason}. Save the model again") from None
    if "header" not in arrays or "checksum" not in arrays:
        raise FormatError(f"{path} is not a model saved by mathnn: it has no header. Was it written by np.savez?")
    try:
        header, checksum = (arrays.pop(name).tobytes().decode() for name in ("header", "checksum"))
        content = json.loads(header)
        version = content["version"]
    except (ValueError, KeyError, TypeError):
        raise FormatError(f"{path} is altered: its header cannot be read. Save the model again") from None
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise FormatError(
            f"{path} has format version {version}, and this mathnn reads up to version {FORMAT_VERSION}: install a "
            "newer mathnn"
        )
    if checksum != _checksum(header, arrays):
        raise FormatError(f"{path} is altered: its checksum does not match its content. Save the model again")
    return content, arrays


def load(path: str | PathLike[str], custom_objects: Mapping[str, type] | None = None) -> Sequential:
    """Read a model that ``save`` wrote: it predicts the same, and goes on training with the same bits.

    Parameters
    ----------
    path:
        The file.
    custom_objects:
        Classes of your own that the model uses, by class name.

    Raises
    ------
    FormatError
        If the file is not a saved model, is truncated or altered, holds pickled objects, or is of a newer version.
    """
    header, arrays = _read(path)
    custom = dict(custom_objects or {})
    try:
        model: Sequential = _decode(header["model"], custom)
        for layer, trainable in zip(model.walk(), header["frozen"], strict=True):
            layer.__dict__["_trainable" if layer.sublayers else "trainable"] = trainable
        model._lay_out()
        model.set_weights([arrays[f"weight/{i}"] for i in range(sum(name.startswith("weight/") for name in arrays))])
        compiled = header["compiled"]
        if compiled is not None:
            model.compile(optimizer=_decode(compiled["optimizer"], custom), loss=_decode(compiled["loss"], custom))
            model.metrics = {name: _decode(metric, custom) for name, metric in compiled["metrics"]}
            assert model.optimizer is not None
            state = {
                name.removeprefix("optimizer/"): array
                for name, array in arrays.items()
                if name.startswith("optimizer/")
            }
            model.optimizer.state = state
            model.optimizer.iterations = compiled["iterations"]
        generators = {"initial": model._initial_rng, "shuffle": model._shuffle_rng, **model.generators}
        for name, state in header["generators"].items():
            generators[name].bit_generator.state = state
    except FormatError:
        raise
    except (KeyError, TypeError, AttributeError, MathnnError) as error:
        raise FormatError(f"{path} does not describe a model that this version can build ({error})") from error
    return model

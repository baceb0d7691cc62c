"""Models and machines on disk: one .npz file of plain arrays with a JSON header and a checksum, written atomically.

Nothing is pickled, so opening a file from a stranger runs no code of theirs. Any altered bit is either found by the
checksum or of no effect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import singledispatch
from os import PathLike
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
from .boltzmann import DBN, RBM
from .checks import path as as_path
from .configurable import Configurable, Registry
from .errors import ConfigError, FormatError, StateError
from .files import replacing
from .models import Sequential
from .savable import Savable

__all__ = ["FORMAT_VERSION", "load", "save"]

#: 1: models. 2: machines too; what stands in the trained part of θ is written down, not only what is trainable.
FORMAT_VERSION = 2

Header = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

layers.registry.add(Sequential)
_MACHINES: Registry[Savable] = Registry("machine", Savable)
_MACHINES.add(RBM)
_MACHINES.add(DBN)

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
    "machine": _MACHINES,
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


# --- what a file says of each kind ------------------------------------------------------------------------------------


@singledispatch
def _describe(model: Any) -> tuple[Header, Arrays]:
    """Return everything about a model: what JSON can hold, and the arrays."""
    raise ConfigError(f"save takes a Sequential, an RBM or a DBN, got {type(model).__name__}")


@singledispatch
def _restore(model: Any, header: Header, arrays: Arrays, custom: Mapping[str, type]) -> None:
    """Bring a model that was built from its configuration to the state that ``_describe`` told of."""
    raise FormatError(f"it holds a {type(model).__name__}, which is no model")


@_describe.register
def _(model: Sequential) -> tuple[Header, Arrays]:
    if not model.built:
        raise StateError(
            f"{model.label}: nothing to save before the model is built; call build(input_shape) or fit first"
        )
    arrays = {f"weight/{i}": w for i, w in enumerate(model.get_weights())}
    compiled = None
    if model.loss is not None and model.optimizer is not None:
        compiled = {
            "loss": _encode(model.loss),
            "optimizer": _encode(model.optimizer),
            "metrics": [[name, _encode(metric)] for name, metric in model.metrics.items()],
        }
        arrays |= _prefixed("optimizer/", model.optimizer.state)
    trained, _ = model._trained
    header = {
        "model": _encode(model),
        "trainable": [layer.trainable for layer in model.walk()],
        "laid_out": [any(np.may_share_memory(p.value, trained) for p in layer.parameters) for layer in model.walk()],
        "compiled": compiled,
        "generators": _states(_generators(model)),
    }
    return header, arrays


@_restore.register
def _(model: Sequential, header: Header, arrays: Arrays, custom: Mapping[str, type]) -> None:
    _set_trainable(model, header["laid_out"])
    model._lay_out()
    weights = _below("weight/", arrays)
    model.set_weights([weights[str(i)] for i in range(len(weights))])
    compiled = header["compiled"]
    if compiled is not None:
        model.compile(optimizer=_decode(compiled["optimizer"], custom), loss=_decode(compiled["loss"], custom))
        model.metrics = {name: _decode(metric, custom) for name, metric in compiled["metrics"]}
        assert model.optimizer is not None
        model.optimizer.state = _below("optimizer/", arrays)
    _set_trainable(model, header["trainable"])
    _set_states(_generators(model), header["generators"])


def _generators(model: Sequential) -> dict[str, np.random.Generator]:
    return {"initial": model._initial_rng, "shuffle": model._shuffle_rng, **model.generators}


def _set_trainable(model: Sequential, flags: list[bool]) -> None:
    """Set each layer's own flag; a container's setter would set those of the layers within as well."""
    for layer, trainable in zip(model.walk(), flags, strict=True):
        layer.__dict__["_trainable" if layer.sublayers else "trainable"] = trainable


@_describe.register
def _(rbm: RBM) -> tuple[Header, Arrays]:
    if not rbm.visible:
        raise StateError("RBM: nothing to save before it has parameters; call fit(V) or build(visible) first")
    chains = {} if rbm._chains is None else {"chains": rbm._chains}
    arrays = {"theta": rbm.theta, **chains, **_prefixed("optimizer/", rbm._optimizer.state)}
    return {"model": _encode(rbm), "visible": rbm.visible, "generators": _states(rbm._generators)}, arrays


@_restore.register
def _(rbm: RBM, header: Header, arrays: Arrays, custom: Mapping[str, type]) -> None:
    rbm.build(header["visible"], arrays["theta"].dtype)
    W, b, c = rbm.parts(arrays["theta"])
    rbm.W[...], rbm.b[...], rbm.c[...] = W, b, c
    rbm._chains = arrays.get("chains")
    rbm._optimizer.state = _below("optimizer/", arrays)
    _set_states(rbm._generators, header["generators"])


@_describe.register
def _(dbn: DBN) -> tuple[Header, Arrays]:
    parts = [_describe(rbm) for rbm in dbn.rbms]
    arrays = {name: array for i, (_, own) in enumerate(parts) for name, array in _prefixed(f"{i}/", own).items()}
    return {"model": _encode(dbn), "rbms": [header for header, _ in parts]}, arrays


@_restore.register
def _(dbn: DBN, header: Header, arrays: Arrays, custom: Mapping[str, type]) -> None:
    dbn.rbms = [_decode(own["model"], custom) for own in header["rbms"]]
    for i, (rbm, own) in enumerate(zip(dbn.rbms, header["rbms"], strict=True)):
        _restore(rbm, own, _below(f"{i}/", arrays), custom)


def _prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {prefix + name: np.asarray(array) for name, array in arrays.items()}


def _below(prefix: str, arrays: Arrays) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _states(generators: Mapping[str, np.random.Generator]) -> dict[str, Any]:
    return {name: generator.bit_generator.state for name, generator in generators.items()}


def _set_states(generators: Mapping[str, np.random.Generator], states: Mapping[str, Any]) -> None:
    for name, state in states.items():
        generators[name].bit_generator.state = state


# --- files of older versions ------------------------------------------------------------------------------------------


def _from_version_1(header: Header, arrays: Arrays) -> tuple[Header, Arrays]:
    """Version 1 knew one list of flags, under the name "frozen", and took θ to be laid out by it."""
    flags = header.pop("frozen")
    return header | {"trainable": flags, "laid_out": flags}, arrays


#: How to bring the header and the arrays of a version to the next one. A file passes through all from its own on.
_MIGRATIONS: dict[int, Callable[[Header, Arrays], tuple[Header, Arrays]]] = {1: _from_version_1}


# --- the file ---------------------------------------------------------------------------------------------------------


def _as_bytes(text: str) -> NDArray[Any]:
    return np.frombuffer(text.encode(), np.uint8)


def _checksum(header: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over the header and every array with its name, dtype and shape."""
    from hashlib import sha256  # here, not above: `import mathnn` stays quick

    digest = sha256(header.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def save(model: Savable, path: str | PathLike[str]) -> None:
    """Write a model to ``path``, exactly that name, replacing what was there only once all is written.

    A :class:`~mathnn.Sequential`, an :class:`~mathnn.boltzmann.RBM` or a :class:`~mathnn.boltzmann.DBN`, once it has
    parameters.
    """
    target = as_path(f"{type(model).__name__}.save", path)
    content, arrays = _describe(model)
    content |= {"format": "mathnn", "version": FORMAT_VERSION}
    header = json.dumps(content, sort_keys=True)
    checksum = _checksum(header, arrays)
    with replacing(target) as file:
        named = {"header": _as_bytes(header), "checksum": _as_bytes(checksum), **arrays}
        np.savez(file, **named)  # type: ignore[arg-type]  # the stub fears that an array is called allow_pickle


def _read(path: str | PathLike[str]) -> tuple[Header, Arrays]:
    """Read a file and return its header and arrays as of this version, or raise FormatError."""
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
    if not isinstance(version, int) or version < 1:
        raise FormatError(f"{path} has format version {version!r}, which no mathnn has written. Save the model again")
    if version > FORMAT_VERSION:
        raise FormatError(
            f"{path} has format version {version}, and this mathnn reads up to version {FORMAT_VERSION}: install a "
            "newer mathnn"
        )
    if checksum != _checksum(header, arrays):
        raise FormatError(f"{path} is altered: its checksum does not match its content. Save the model again")
    for older in range(version, FORMAT_VERSION):
        content, arrays = _MIGRATIONS[older](content, arrays)
    return content, arrays


def load(path: str | PathLike[str], custom_objects: Mapping[str, type] | None = None) -> Any:
    """Read a model that ``save`` wrote: it predicts the same, and goes on training with the same bits.

    Files of older versions are read, too.

    Parameters
    ----------
    path:
        The file.
    custom_objects:
        Classes of your own that the model uses, by class name.

    Returns
    -------
    Sequential, RBM or DBN
        Whichever was saved; ``RBM.load(path)`` and so on also check that.

    Raises
    ------
    FormatError
        If the file is not a saved model, is truncated or altered, holds pickled objects, or is of a newer version.
    OSError
        If there is no such file.
    """
    path = as_path("load", path)
    if custom_objects is not None and not isinstance(custom_objects, Mapping):
        raise ConfigError(f"load: custom_objects must be a dictionary of classes by name, got {custom_objects!r}")
    custom = dict(custom_objects or {})
    try:
        header, arrays = _read(path)
        model = _decode(header["model"], custom)
        _restore(model, header, arrays, custom)
    except FormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"{path} does not describe a model that this version can build ({error})") from error
    return model

"""The few modules that a converted model needs and ``torch.nn`` lacks.

This is the one file of mathnn that imports PyTorch at once: classes inside a function could not be pickled.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

__all__ = [
    "AveragePool2d",
    "Branches",
    "ChannelsFirst",
    "ChannelsLast",
    "Frozen",
    "Recurrent",
    "Residual",
    "Slice",
]


class ChannelsFirst(nn.Module):
    """(m, ..., C) becomes (m, C, ...)."""

    def forward(self, x: Any) -> Any:
        """Move the last axis behind the samples."""
        return x.movedim(-1, 1)


class ChannelsLast(nn.Module):
    """(m, C, ...) becomes (m, ..., C)."""

    def forward(self, x: Any) -> Any:
        """Move the axis behind the samples to the end."""
        return x.movedim(1, -1)


class Residual(nn.Module):
    """f(x) + p(x)."""

    def __init__(self, layers: nn.Sequential, projection: nn.Sequential) -> None:
        super().__init__()
        self.layers, self.projection = layers, projection

    def forward(self, x: Any) -> Any:
        """Add the shortcut."""
        return self.layers(x) + self.projection(x)


class Branches(nn.Module):
    """Several paths from one input, joined along an axis (merge="concat") or added."""

    def __init__(self, paths: list[nn.Sequential], merge: str, dim: int) -> None:
        super().__init__()
        self.paths, self.merge, self.dim = nn.ModuleList(paths), merge, dim

    def forward(self, x: Any) -> Any:
        """Join the outputs of all paths."""
        outputs = [path(x) for path in self.paths]
        return torch.cat(outputs, self.dim) if self.merge == "concat" else sum(outputs[1:], outputs[0])


class Slice(nn.Module):
    """The features from start to stop along an axis."""

    def __init__(self, start: int | None, stop: int | None, dim: int) -> None:
        super().__init__()
        self.start, self.stop, self.dim = start, stop, dim

    def forward(self, x: Any) -> Any:
        """Leave out the other features."""
        bounds = slice(self.start, self.stop)
        return x[:, bounds] if self.dim == 1 else x[..., bounds]


class Recurrent(nn.Module):
    """The outputs of an ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``: the last one, or all, as a layer of Keras gives them."""

    def __init__(self, rnn: nn.Module, return_sequences: bool, go_backwards: bool) -> None:
        super().__init__()
        self.rnn, self.return_sequences, self.go_backwards = rnn, return_sequences, go_backwards

    def forward(self, x: Any) -> Any:
        """Go through all steps."""
        outputs, _ = self.rnn(x.flip(1) if self.go_backwards else x)
        return outputs if self.return_sequences else outputs[:, -1]


class AveragePool2d(nn.Module):
    """The mean of each window's true pixels, for padding (left, right, top, bottom) that is not alike all round."""

    def __init__(self, kernel_size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, ...]) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Any) -> Any:
        """Divide a mean that counts the padding by the share of true pixels."""

        def mean(z: Any) -> Any:
            return nn.functional.avg_pool2d(nn.functional.pad(z, self.padding), self.kernel_size, self.stride)

        return mean(x) / mean(torch.ones_like(x[:1, :1]))


class Frozen(nn.Sequential):
    """Modules that stay in evaluation mode: a batch normalization that is not trained keeps to its statistics."""

    def train(self, mode: bool = True) -> Frozen:
        """Stay in evaluation mode."""
        super().train(False)
        return self

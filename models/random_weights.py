"""Random weights for an untrained network whose activations look trained: no dead channel, unit scale at any depth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


def with_random_weights(make: Callable[[], nn.Module], images: NDArray[np.float32], seed: int) -> nn.Module:
    """make() with Kaiming weights, its biases and BatchNorms fitted to `images`; the global RNG is untouched."""
    with torch.random.fork_rng(devices=[]):
        network = make()
    random = np.random.default_rng(seed)
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            bound = float(np.sqrt(6 / layer.weight[0].numel()))  # Kaiming, uniform, followed by a ReLU
            _fill(layer.weight, random.uniform(-bound, bound, layer.weight.shape))
            if layer.bias is not None:
                _fill(layer.bias, random.uniform(-0.1, 0.3, layer.bias.shape))
        if isinstance(layer, nn.BatchNorm2d):
            # Mostly positive shifts: with zero mean before each ReLU, rounding errors grow from layer to layer.
            _fill(layer.weight, random.uniform(0.5, 1.5, layer.weight.shape))
            _fill(layer.bias, random.uniform(-0.2, 1.8, layer.bias.shape))
    _fit_to(network, images)
    return network.eval()


def _fit_to(network: nn.Module, images: NDArray[np.float32]) -> None:
    """Takes each channel's mean from its bias and sets BatchNorm statistics, in one pass from input to output.

    In float64, then rounded to float16: every machine gets the same bits.
    """
    hooks = [
        layer.register_forward_hook(_centre)
        for layer in network.modules()
        if isinstance(layer, (nn.Conv2d, nn.Linear)) and layer.bias is not None
    ]
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    network.eval().double()
    for layer in norms:
        layer.train().momentum = None  # the plain average of the batches seen, here of one
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the same order of sums, and no waiting for threads that share a core
    try:
        with torch.no_grad():
            network(torch.from_numpy(images).double())
    finally:
        torch.set_num_threads(threads)
    network.float()
    for hook in hooks:
        hook.remove()
    for layer in norms:
        layer.momentum = 0.1
        for statistic in (layer.running_mean, layer.running_var):
            assert statistic is not None
            statistic.copy_(statistic.half().float())


def _centre(layer: nn.Module, inputs: tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
    """A forward hook: subtracts the mean of W x from the bias, so that a channel has the mean its bias had."""
    assert isinstance(layer.bias, torch.Tensor)
    axis = output.dim() - 1 if isinstance(layer, nn.Linear) else 1
    mean = output.transpose(0, axis).flatten(1).mean(1) - layer.bias
    mean = mean.half().double()
    layer.bias -= mean
    return output - mean.reshape(-1, *(1,) * (output.dim() - 1 - axis))


def _fill(parameter: torch.Tensor, values: NDArray[np.float64]) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(values.astype(np.float32)))

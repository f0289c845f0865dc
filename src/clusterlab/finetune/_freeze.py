"""Which part of a network is trained: the last blocks, whatever its architecture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from clusterlab.errors import ComponentError


@dataclass(frozen=True)
class Frozen:
    """blocks, frozen_blocks: their numbers. parameters, trainable: numbers of weights that are
    used. unused: of those that play no part in the features. modules: what must stay as it is."""

    blocks: int
    frozen_blocks: int
    parameters: int
    trainable: int
    unused: int
    modules: tuple[nn.Module, ...]

    def sentences(self) -> tuple[str, ...]:
        """
        >>> Frozen(12, 9, 200, 50, 0, ()).sentences()
        ('9 of 12 blocks and what comes before them are frozen: 50 of 200 weights are trained.',)
        """
        if self.frozen_blocks:
            what = f"{self.frozen_blocks} of {self.blocks} blocks and what comes before them are"
        else:
            what = f"None of {self.blocks} blocks is"
        said = [f"{what} frozen: {self.trainable:,} of {self.parameters:,} weights are trained."]
        if self.unused:
            said.append(f"{self.unused:,} more weights play no part in the features.")
        return tuple(said)


def freeze(network: nn.Module, share: float, *, used: Iterable[str], batch_norm: bool) -> Frozen:
    """Turn off the gradients of the first `share` of the blocks, of all that comes before the
    first block that is trained, and of what is not used.

    used: names of the parameters that the features depend on. batch_norm: whether all batch norm
    keeps its statistics. Raises ComponentError where the share freezes nothing or everything.
    """
    wanted = set(used)
    named = dict(network.named_parameters())
    found = [prefix for prefix in blocks(network) if any(n.startswith(prefix) for n in wanted)]
    n_frozen = int(share * len(found) + 1e-9)
    if share and not n_frozen:
        raise ComponentError(
            f"finetune.frozen={share:g} of {len(found)} blocks is none. "
            + (f"Use {math.ceil(100 / len(found)) / 100} or more, or 0." if found else "Use 0.")
        )
    order = list(named)
    first = next((i for i, n in enumerate(order) if n.startswith(tuple(found[n_frozen:]))), 0)
    # The blocks of a network may be registered before the stem that they follow.
    still = tuple(found[:n_frozen])
    for position, name in enumerate(order):
        frozen = bool(n_frozen) and (name.startswith(still) or position < first)
        named[name].requires_grad_(name in wanted and not frozen)
    if not any(parameter.requires_grad for parameter in named.values()):
        raise ComponentError(f"finetune.frozen={share:g} leaves nothing to train. Use less.")
    return Frozen(
        blocks=len(found),
        frozen_blocks=n_frozen,
        parameters=sum(named[name].numel() for name in wanted),
        trainable=sum(p.numel() for p in named.values() if p.requires_grad),
        unused=sum(p.numel() for name, p in named.items() if name not in wanted),
        modules=tuple(_still(network, batch_norm=batch_norm)),
    )


def blocks(network: nn.Module) -> list[str]:
    """The prefixes ("blocks.3.") of a network's blocks, from the images on.

    Blocks are the elements of the chains (nn.Sequential, nn.ModuleList) that a network is built as:
    layers of a ViT, residual blocks of a ResNet. A chain of mere layers inside a block is part of
    it; a network that is one such chain (VGG) counts its layers, any other its parts (RegNet).

    >>> chain = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Linear(2, 2))
    >>> blocks(nn.ModuleDict({"blocks": chain}))
    ['blocks.0.', 'blocks.1.']
    """
    parts = [f"{name}." for name, child in network.named_children() if _has_weights(child)]
    return _compound_blocks(network, "") or _layers(network) or parts


def _compound_blocks(module: nn.Module, prefix: str, *, depth: int = 1) -> list[str]:
    """depth: in how many chains its blocks are. Stages are a chain of chains of blocks; what is
    deeper is a block's own business, as is a part wrapped in a chain of its own."""
    found: list[str] = []
    for name, child in module.named_children():
        path = f"{prefix}{name}."
        if _is_chain(child, least=depth):
            found += _elements(child, path, depth)
        else:
            found += _compound_blocks(child, path, depth=depth)
    return found


def _elements(chain: nn.Module, prefix: str, depth: int) -> list[str]:
    found: list[str] = []
    for name, element in chain.named_children():
        part = nn.ModuleDict({name: element})
        inner = _compound_blocks(part, prefix, depth=2) if depth == 1 else []
        if inner:
            found += inner
        elif _has_weights(element):
            found.append(f"{prefix}{name}.")
    return found


def _is_chain(module: nn.Module, *, least: int) -> bool:
    """A chain of parts that are themselves made of parts."""
    if not isinstance(module, (nn.Sequential, nn.ModuleList)):
        return False
    parts = [child for child in module.children() if _has_weights(child)]
    compound = any(any(_has_weights(part) for part in child.children()) for child in parts)
    return compound and len(parts) >= least


def _layers(network: nn.Module) -> list[str]:
    """Those of a chain that has most of the network's layers."""
    n_layers = sum(1 for module in network.modules() if _is_layer(module))
    chains = [
        [f"{name}.{child}." for child, part in module.named_children() if _has_weights(part)]
        for name, module in network.named_modules()
        if isinstance(module, (nn.Sequential, nn.ModuleList))
    ]
    return max((chain for chain in chains if 2 * len(chain) > n_layers), key=len, default=[])


def _is_layer(module: nn.Module) -> bool:
    return next(module.children(), None) is None and _has_weights(module)


def _has_weights(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def _still(network: nn.Module, *, batch_norm: bool) -> Iterable[nn.Module]:
    """What must behave as in inference: frozen layers, and batch norm where it is to keep its
    statistics."""
    for module in network.modules():
        own = list(module.parameters())
        frozen = bool(own) and not any(p.requires_grad for p in own)
        if frozen or (batch_norm and isinstance(module, nn.modules.batchnorm._BatchNorm)):
            yield module


def used_parameters(network: nn.Module, output: torch.Tensor) -> list[str]:
    """Names of the parameters that `output`, made by the network, depends on."""
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    gradients = torch.autograd.grad(output.sum(), [p for _, p in named], allow_unused=True)
    return [name for (name, _), g in zip(named, gradients, strict=True) if g is not None]

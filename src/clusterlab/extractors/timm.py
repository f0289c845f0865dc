"""Vectors by any image model of the timm library."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch

from clusterlab.errors import ComponentError, closest
from clusterlab.models.checkpoint import mismatch, read_state
from clusterlab.models.own_transform import from_timm
from clusterlab.models.source import Source
from clusterlab.models.transform import Side, Transform, changed, check_patch
from clusterlab.models.vision import FromPixels, checked, embed_pixels

OUTPUTS = ("pooled", "cls", "mean", "logits")


class Timm:
    """What a model of timm makes of an image.

    model: its name in timm, with or without the tag of its weights ("resnet50",
        "resnet50.a1_in1k").
    weights: None for those on the hub, at `revision`; a local file or folder; or "random".
    output: "pooled", as the model's own head would see it; "cls", the class token; "mean" of all
        patches or places; or "logits" of the head.
    model_args: further arguments of timm.create_model, such as {pad_type: same}.
    resize, crop, interpolation, mean, std: what the model sees, where it is not to be what the
        model's own config says; see models/transform.py.
    random_state: of random weights.

    Raises ComponentError for a model that timm does not have, and for arguments that do not fit.

    Wightman, "PyTorch Image Models", https://github.com/huggingface/pytorch-image-models.
    """

    version = 1
    batch_sizes = (8, 128)

    def __init__(
        self,
        *,
        model: str,
        weights: str | None = None,
        revision: str | None = None,
        output: str = "pooled",
        model_args: Mapping[str, Any] | None = None,
        resize: Side | None = None,
        crop: Side | None = None,
        interpolation: str | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        random_state: int = 0,
    ) -> None:
        if output not in OUTPUTS:
            raise ComponentError(
                f"Unknown extractor.output '{output}'.{closest(output, OUTPUTS)} "
                f"A timm model gives {', '.join(OUTPUTS)}."
            )
        self._config = _own_config(model)
        self.model = f"{self._config['architecture']}.{self._config['tag']}".rstrip(".")
        self.source = Source(
            model=self._config.get("hf_hub_id") or f"timm/{self.model}",
            revision=revision,
            weights=weights,
            configs=False,
        )
        self.sources = (self.source,)
        self.output = output
        self.model_args = dict(model_args or {})
        self.random_state = random_state
        self._as_told = partial(
            changed, resize=resize, crop=crop, interpolation=interpolation, mean=mean, std=std
        )

    @cached_property
    def transform(self) -> Transform:
        """What the model sees."""
        return self._as_told(from_timm({**self._config, **_beside(self.source)}))

    def fingerprint(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "weights": self.source.digest(),
            "output": self.output,
            "model_args": self.model_args,
            "transform": self.transform.describe(),
            "timm": timm.__version__,
            **({"random_state": self.random_state} if self.source.random else {}),
        }

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Returns (h, w, 3) uint8, as large as the model wants it."""
        return self.transform.apply(image)

    def build(self) -> torch.nn.Module:
        """Raises ComponentError for weights that are absent, broken or another model's, and for an
        `output` that this model does not have."""
        network = self._network()
        patch = getattr(getattr(network, "patch_embed", None), "patch_size", None)
        if patch is not None:
            check_patch(self.transform, max(patch) if isinstance(patch, tuple) else patch)
        if self.output in ("cls", "mean"):
            network = _Tokens(network, self.output, self.model)
        return checked(FromPixels(network.eval(), self.transform), self.model)

    def apply(self, module: Any, inputs: Sequence[np.ndarray], device: torch.device) -> np.ndarray:
        return embed_pixels(module, inputs, device)

    def backbone(self, module: Any) -> torch.nn.Module:
        network: torch.nn.Module = module.network
        return network.network if isinstance(network, _Tokens) else network

    def with_weights(self, weights: str) -> Timm:
        # The files beside the old weights may say how images are to be shown.
        _ = self.transform
        other = copy(self)
        other.source = self.source.with_weights(weights)
        other.sources = (other.source,)
        return other

    def _network(self) -> torch.nn.Module:
        arguments = self._arguments()
        if self.source.random:
            if self.output != "logits":
                arguments["num_classes"] = 0
            with torch.random.fork_rng():
                torch.manual_seed(self.random_state)
                return self._create(pretrained=False, **arguments)
        state = read_state(self.source.files())
        # With the head that the weights have, so that timm checks all of them.
        arguments["num_classes"] = self._n_classes(state)
        network: Any = self._create(
            pretrained=True,
            pretrained_cfg_overlay={"state_dict": state, "num_classes": arguments["num_classes"]},
            **arguments,
        )
        # timm would keep the weights a second time in there.
        network.pretrained_cfg.pop("state_dict", None)
        if self.output == "logits":
            if not arguments["num_classes"]:
                raise ComponentError(
                    f"The weights of '{self.model}' have no head, so there are no logits. Use "
                    "extractor.output=pooled."
                )
        elif arguments["num_classes"]:
            network.reset_classifier(0)
        module: torch.nn.Module = network
        return module

    def _arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(self.model_args)
        if self._config["fixed_input_size"]:
            size = self.transform.size
            if arguments.get("img_size", size) not in (size, size[0], list(size)):
                raise ComponentError(
                    f"extractor.model_args.img_size is {arguments['img_size']}, and the model is "
                    f"shown {size[0]} x {size[1]} pixels. Set extractor.crop instead."
                )
            if size != _size(self._config):
                arguments.setdefault("img_size", size)
        return arguments

    def _n_classes(self, state: Mapping[str, torch.Tensor]) -> int:
        names = self._config.get("classifier") or ()
        for name in (names,) if isinstance(names, str) else names:
            if f"{name}.weight" in state:
                return len(state[f"{name}.weight"])
        return 0

    def _create(self, **arguments: Any) -> torch.nn.Module:
        try:
            module: torch.nn.Module = timm.create_model(self.model, **arguments)
        except (RuntimeError, KeyError) as error:
            if self.source.random:
                raise self._impossible(error) from error
            files = ", ".join(file.name for file in self.source.files())
            raise ComponentError(
                f"The weights in {files} are not those of the timm model '{self.model}': "
                f"{self._misfit(arguments) or _first_lines(error)}. Choose the model that they "
                "belong to (extractor.model=...)."
            ) from error
        except (TypeError, AssertionError, ValueError) as error:
            raise self._impossible(error) from error
        return module

    def _impossible(self, error: Exception) -> ComponentError:
        return ComponentError(
            f"timm cannot make '{self.model}' with extractor.model_args={self.model_args} and an "
            f"input of {self.transform.size[0]} x {self.transform.size[1]} pixels: {error}"
        )

    def _misfit(self, arguments: Mapping[str, Any]) -> str:
        own = {k: v for k, v in arguments.items() if not k.startswith("pretrained")}
        wanted = timm.create_model(self.model, pretrained=False, **own).state_dict()
        shapes = {name: tuple(values.shape) for name, values in wanted.items()}
        return mismatch(read_state(self.source.files()), shapes)


class _Tokens(torch.nn.Module):
    """One token, or the mean over all places, of a network's last feature map."""

    def __init__(self, network: torch.nn.Module, output: str, name: str) -> None:
        super().__init__()
        self.network: Any = network
        self._n_prefix = int(getattr(network, "num_prefix_tokens", 0))
        self._cls = output == "cls"
        if self._cls and getattr(network, "cls_token", None) is None:
            raise ComponentError(
                f"The timm model '{name}' has no class token. Use extractor.output=pooled or mean."
            )
        self._channels_last = getattr(network, "output_fmt", "NCHW") == "NHWC"

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.network.forward_features(values)
        if self._cls:
            return features[:, 0]
        if features.ndim == 3:
            return features[:, self._n_prefix :].mean(dim=1)
        return features.mean(dim=(1, 2) if self._channels_last else (2, 3))


def _own_config(model: str) -> dict[str, Any]:
    try:
        config = timm.get_pretrained_cfg(model) if timm.is_model(model) else None
    except RuntimeError:
        # A tag that the model does not have.
        config = None
    if config is not None:
        return dict(config.to_dict())
    name = model.partition(".")[0]
    known = timm.list_pretrained(f"{name}.*") if timm.is_model(name) else timm.list_models()
    raise ComponentError(
        f"timm has no model '{model}'.{closest(model, known)} It has "
        f"{len(timm.list_models()):,}: https://huggingface.co/timm."
    )


def _beside(source: Source) -> dict[str, Any]:
    """The `pretrained_cfg` of a config.json that lies beside local weights."""
    if source.weights is None or source.random:
        return {}
    place = Path(source.weights).expanduser()
    file = (place if place.is_dir() else place.parent) / "config.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8")).get("pretrained_cfg", {})
    except (OSError, ValueError, AttributeError):
        return {}
    wanted = ("input_size", "crop_pct", "crop_mode", "interpolation", "mean", "std")
    return {name: found[name] for name in wanted if name in found}


def _size(config: Mapping[str, Any]) -> tuple[int, int]:
    _, height, width = config["input_size"]
    return int(height), int(width)


def _first_lines(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(line if len(line) < 200 else line[:200] + "…" for line in lines[:3])

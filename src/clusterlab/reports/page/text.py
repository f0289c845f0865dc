"""Numbers and names as a reader wants them; the filters of the templates."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

NOTHING = "\N{EN DASH}"
NAMES = {
    "agglomerative": "agglomerative clustering",
    "blip": "BLIP captions",
    "bovw": "visual words",
    "canny": "Canny edges",
    "clip": "CLIP",
    "color_hist": "colour histogram",
    "concat": "all classical features",
    "convnext_tiny": "ConvNeXt-Tiny",
    "dbscan": "DBSCAN",
    "dinov2": "DINOv2",
    "dinov2_base": "DINOv2 base",
    "dinov2_small": "DINOv2 small",
    "dinov3": "DINOv3",
    "efficientnet_b0": "EfficientNet-B0",
    "fusion": "several kinds of features",
    "gmm": "Gaussian mixture",
    "hdbscan": "HDBSCAN",
    "hog": "HOG",
    "hsv_hist": "HSV histogram",
    "kmeans": "k-means",
    "kmodes": "k-modes",
    "l2": "unit length",
    "lbp": "local binary patterns",
    "mds": "MDS",
    "minibatch_kmeans": "mini-batch k-means",
    "mobilenetv2": "MobileNetV2",
    "multi_hot": "multi-hot labels",
    "pca": "PCA",
    "pixels": "raw pixels",
    "random_orthonormal": "random orthonormal labels",
    "resnet50": "ResNet-50",
    "sift": "SIFT",
    "siglip2": "SigLIP 2",
    "standardize": "standardised",
    "text": "descriptions",
    "trimap": "TriMap",
    "tsne": "t-SNE",
    "umap": "UMAP",
    "vgg16": "VGG-16",
    "vilt": "ViLT answers",
    "vit": "ViT",
    "vit_base": "ViT-B/16",
}


def method(option: str) -> str:
    """The name that the field uses for an option; an option of one's own stays as it is.

    >>> method("kmeans"), method("pca_umap"), method("mine")
    ('k-means', 'pca_umap', 'mine')
    """
    return NAMES.get(option, option)


def projection(views: Iterable[str]) -> str:
    """What the map is made by, in a sentence.

    >>> projection(["umap", "pca"])
    'A projection of the features by UMAP or PCA, as chosen.'
    """
    names = [method(view) for view in views]
    if names == ["reduced"]:
        return "The first two dimensions of the reduced space."
    chosen = ", as chosen" if len(names) > 1 else ""
    return f"A projection of the features by {' or '.join(names)}{chosen}."


def number(value: Any) -> str:
    """Whole numbers with thousands separators, others with three significant digits or more.

    >>> number(12345), number(0.12345), number(1234.5)
    ('12,345', '0.123', '1,234')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    if value and abs(value) < 0.0005:
        return f"{value:.1e}"
    return f"{value:.3f}"


def score(value: float) -> str:
    """A score with three decimals; larger ones as `number` has them.

    >>> score(-0.00004), score(0.98765), score(16030.2)
    ('0.000', '0.988', '16,030')
    """
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 10 else number(value)


def score_or_dash(value: Any) -> str:
    """A score, or a dash where it is undefined.

    >>> score_or_dash(0.98765), score_or_dash(math.nan) == NOTHING
    ('0.988', True)
    """
    undefined = value is None or math.isnan(value)
    return NOTHING if undefined else score(float(value))


def percent(share: float) -> str:
    """A share as per cent; what is not nothing is never shown as 0%.

    >>> percent(0.123), percent(0.001), percent(0)
    ('12%', '<1%', '0%')
    """
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "cluster"), plural(1200, "class", "classes")
    ('1 cluster', '1,200 classes')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def compact(value: Any) -> str:
    """A config value in one line."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def script_json(value: Any) -> Markup:
    """JSON that is safe inside a <script>: no `<`, `>` or `&`, and no line that JavaScript ends.

    >>> str(script_json({"name": "</script>"}))
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for unsafe in "<>&\u2028\u2029":
        text = text.replace(unsafe, f"\\u{ord(unsafe):04x}")
    return Markup(text)


def data_uri(content: bytes, mime: str) -> str:
    """The bytes as a data: address."""
    return f"data:{mime};base64,{base64.b64encode(content).decode('ascii')}"


def picture(folder: Path, name: str, alt: str) -> Mapping[str, Any] | None:
    """A PNG of the figures folder for the page, or None where it was not drawn."""
    path = folder / name
    if not path.is_file():
        return None
    content = path.read_bytes()
    # The size stands at a fixed place in a PNG's header.
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    return {
        "src": data_uri(content, "image/png"),
        "alt": alt,
        "width": width,
        "height": height,
        "name": name,
    }

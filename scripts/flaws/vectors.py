"""What happens to the vectors: scales, an eps for all, what a histogram leaves out, batch norm."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from clusterlab.clusterers.dbscan import k_distance_knee
from clusterlab.datasets.load import load
from clusterlab.extractors.cnn import Cnn
from clusterlab.images import decode
from flaws.shared import SEEDS, Pair, Table, made, number, over_seeds, plan_of, run, spread
from flaws.trained import DIGITS

PHOTOS = "clusterlab run +experiment=clothing_mobilenetv2"
CONCAT = "clusterlab run +experiment=clothing_concat"
COLOR = "clusterlab run +experiment=clothing_color"
SCALED = "extractor.standardize_blocks=true"
BLOCKS = {"SIFT": 512, "HOG": 324, "colour": 96, "Canny": 64, "LBP": 10}
DENSITY = "clusterer=dbscan '~clusterer.n_clusters' clusterer.min_samples=10"
FEATURES = ("sift", "hog", "color_hist", "canny", "lbp", "concat", "mobilenetv2")


def concatenation() -> Table:
    """The blocks' shares of the variance; whose clusters the concatenation's are; ARI."""
    rows = []
    for told, extra in (("as it is (literal)", ""), ("each block standardised", f" {SCALED}")):
        shares = _shares(made(f"{CONCAT}{extra}", "seed=0").values)
        pairs = [(run(f"{CONCAT}{extra}", f"seed={s}"), run(COLOR, f"seed={s}")) for s in SEEDS]
        alike = [_agreement(one, other) for one, other in pairs]
        scores = [one.metrics["ari/label"] for one, _ in pairs]
        rows.append(
            [told, *(f"{100 * share:.1f}%" for share in shares), spread(alike), spread(scores)]
        )
    alone = over_seeds(COLOR, "ari/label")
    rows.append(["colour alone", "", "", "100.0%", "", "", "1", spread(alone)])
    return Table(
        head=[
            "concatenation",
            *BLOCKS,
            "ARI with the clusters of colour alone",
            "ARI with the classes",
        ],
        rows=rows,
        note="The percentages are each block's share of the variance.",
    )


def _shares(values: np.ndarray) -> list[float]:
    variance = values.astype(np.float64).var(axis=0)
    ends = np.cumsum(list(BLOCKS.values()))
    parts = np.split(variance, ends[:-1])
    return [float(part.sum() / variance.sum()) for part in parts]


def _agreement(one, other) -> float:  # type: ignore[no-untyped-def]
    return adjusted_rand_score(
        one.assignments["cluster"].to_numpy(), other.assignments["cluster"].to_numpy()
    )


def one_eps() -> Table:
    """DBSCAN on each feature with the study's eps, and with its own."""
    rows = []
    for name in FEATURES:
        command = of_feature(name)
        row = [name]
        for eps in (".5", "auto"):
            result = run(f"{command} clusterer.eps={eps}")
            metrics = result.metrics
            row += [
                *([number(_knee(command), 2)] if eps == "auto" else []),
                number(metrics["noise_share"], 2),
                str(metrics["n_clusters"]),
                number(metrics.get("ari/label", float("nan"))),
            ]
        rows.append(row)
    head = ["feature", "eps .5: noise", "clusters", "ARI", "eps auto", "noise", "clusters", "ARI"]
    return Table(head=head, rows=rows)


def of_feature(name: str) -> str:
    """The command that clusters the photos of clothes by a feature's density."""
    if name == "mobilenetv2":
        return f"{PHOTOS} {DENSITY}"
    return f"clusterlab run dataset=clothing extractor={name} reducer=none clusterer=dbscan"


def _knee(command: str) -> float:
    return k_distance_knee(made(command).values, k=10)


def histogram() -> Pair:
    """Channel values of exactly 1, and what counting them does."""
    values = made(COLOR).values
    left_out = 1 - values.sum(axis=1) / (3 * 224**2)
    plain = spread(over_seeds(COLOR, "ari/label"))
    counted = spread(over_seeds(f"{COLOR} extractor.include_one=true", "ari/label"))
    return Pair(
        literal=(
            f"{number(100 * left_out.mean(), 1)}% of the channel values are not counted (in one "
            f"photo {number(100 * left_out.max(), 1)}%); ARI {plain}"
        ),
        repaired=f"all are; ARI {counted}",
    )


def batch_norm() -> Pair:
    """Unseen digits one at a time, batch norm as in training, against inference.

    By the trained CNN: the MobileNetV2 that there is has its batch norms folded into its weights.
    """
    literal, ours, cosines = [], [], []
    for seed in SEEDS:
        file = run(DIGITS, f"seed={seed}").folder / "model" / "finetuned.safetensors"
        module = Cnn(weights=str(file), size=32, filters=[16, 32, 64]).build()
        pixels = _unseen_digits(seed)
        vectors = {}
        for told, training in (("literal", True), ("ours", False)):
            for part in module.modules():
                part.train(training and isinstance(part, torch.nn.BatchNorm2d))
            with torch.inference_mode():
                one_by_one = [module(torch.from_numpy(one[None])).numpy() for one, _ in pixels]
            vectors[told] = np.concatenate(one_by_one)
        labels = [label for _, label in pixels]
        literal.append(_score(vectors["literal"], labels, seed))
        ours.append(_score(vectors["ours"], labels, seed))
        norms = [np.linalg.norm(values, axis=1) for values in vectors.values()]
        products = (vectors["literal"] * vectors["ours"]).sum(axis=1)
        cosines.append(float((products / np.maximum(norms[0] * norms[1], 1e-9)).mean()))
    return Pair(
        literal=f"ARI {spread(literal)}; cosine to the right vectors {spread(cosines)}",
        repaired=f"ARI {spread(ours)}",
    )


def _unseen_digits(seed: int) -> list[tuple[np.ndarray, str]]:
    """(32, 32, 3) uint8 and the label of 400 test images of the trained CNN's split."""
    plan = plan_of(DIGITS, f"seed={seed}")
    collection = load(plan.dataset, learned="", seed=seed)
    rows = np.flatnonzero(collection.split == "test")[:400]
    prepare = plan.extractor.instance.prepare
    labels = collection.labels.iloc[:, 0].tolist()
    images = [decode(collection.images[row].read(), background="white") for row in rows]
    return [(prepare(image), labels[row]) for image, row in zip(images, rows, strict=True)]


def _score(values: np.ndarray, labels: list[str], seed: int) -> float:
    clusters = KMeans(n_clusters=10, n_init=10, random_state=seed).fit_predict(values)
    return float(adjusted_rand_score(labels, clusters))


def stratified() -> Pair:
    """Classes without a test image, by a split that looks at classes and one that does not."""
    found: dict[str, list[float]] = {"random": [], "ours": []}
    for seed in SEEDS:
        split = "'dataset.split={train: .8, test: .2}'"
        of = made(f"clusterlab run dataset=illustrations extractor=hog {split}", f"seed={seed}")
        n = int((of.split == "test").sum())
        drawn = np.random.default_rng(seed).permutation(len(of.labels))[:n]
        classes = set(of.labels)
        found["random"].append(len(classes - set(of.labels[drawn])))
        found["ours"].append(len(classes - set(of.labels[of.split == "test"])))
    literal, repaired = (fmean(values) for values in found.values())
    return Pair(
        literal=f"{number(literal, 1)} of {len(classes)} classes have no test image",
        repaired=f"{number(repaired, 1)}",
    )

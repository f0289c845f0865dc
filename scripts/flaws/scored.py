"""What a number means: purity, baselines, silhouettes, and whom it is measured on."""

from __future__ import annotations

from statistics import fmean

from flaws.arithmetic import one_over_n
from flaws.shared import SEEDS, Pair, Table, made, number, over_seeds, run, spread

PHOTOS = "clusterlab run +experiment=clothing_mobilenetv2"
PICTURES = (
    "clusterlab run dataset=illustrations extractor=mobilenetv2 reducer=none"
    " 'extractor.weights=${weights_dir}/mobilenetv2_100_qat_innorm.safetensors'"
    " 'extractor.model_args={pad_type: same}' clusterer.n_clusters=5"
)
MACRO = (
    f"{PICTURES} 'dataset.split={{train: .5, test: .5}}' clustered_split=test evaluator/macro=ward"
    " evaluator.macro.column=word 'evaluator.macro.n_categories=[5]'"
)
KS = (5, 10, 20, 50, 100, 233)
LOGISTIC = f"{PHOTOS} evaluator/ceiling=logistic_regression"
WITH_PCA = f"{LOGISTIC} evaluator.ceiling.n_components=50"


def purity() -> Table:
    """The same features, more and more clusters."""
    rows = []
    for k in KS:
        command = f"{PHOTOS} clusterer.n_clusters={k}"
        scores = [run(command, f"seed={seed}").scores for seed in SEEDS]
        rows.append(
            [
                str(k),
                *(spread([_score(one, "purity", what) for one in scores]) for what in _BOTH),
                *(
                    spread([_score(one, name, "value") for one in scores])
                    for name in ("ari", "ami")
                ),
                *(spread([_score(one, "entropy", what) for one in scores], 2) for what in _BOTH),
            ]
        )
    head = ["k", "purity", "by chance", "ARI", "AMI", "entropy (bits)", "by chance"]
    return Table(head=head, rows=rows)


_BOTH = ("value", "chance")


def _score(scores, metric: str, what: str) -> float:  # type: ignore[no-untyped-def]
    rows = scores[(scores["metric"] == metric) & (scores["label"] == "label")]
    return float(rows[rows["split"] == "all"][what].iloc[0])


def entropy() -> Pair:
    """Entropy at few and at many clusters, with its chance level."""
    found = {}
    for k in (KS[1], KS[-1]):
        scores = [run(f"{PHOTOS} clusterer.n_clusters={k}", f"seed={s}").scores for s in SEEDS]
        found[k] = [fmean(_score(one, "entropy", what) for one in scores) for what in _BOTH]
    (few, chance), (many, chance_of_many) = found.values()
    return Pair(
        literal=f"{number(few, 2)} bits at k = {KS[1]}, {number(many, 2)} at k = {KS[-1]}",
        repaired=f"by chance {number(chance, 2)} and {number(chance_of_many, 2)}",
    )


def baseline() -> Pair:
    """What a classifier has to beat."""
    labels = made(PHOTOS).labels.tolist()
    common = run(LOGISTIC).metrics["ceiling_majority/label"]
    return Pair(
        literal=f"{number(one_over_n(labels))} (1/n)",
        repaired=f"{number(common)} (one answer for all, the commonest training class)",
    )


def homogeneity() -> Pair:
    """Clusters of illustrations about a column with a common value."""
    found = [run(PICTURES, f"seed={seed}").homogeneity_summary for seed in SEEDS]
    rows = [one[one["label"] == "tags"].iloc[0] for one in found if one is not None]
    share, common, chance = (
        fmean(row[name] for row in rows) for name in ("homogeneity", "majority", "chance")
    )
    return Pair(
        literal=f"homogeneity {number(share)} of clusters about `tags`",
        repaired=f"one label for everything {number(common)}, chance {number(chance)}",
    )


def quality() -> Pair:
    """Q and coverage of DBSCAN with a large and a small eps."""
    rows = []
    for command in (SMALL_EPS, AUTO_EPS):
        summary = run(command).homogeneity_summary
        assert summary is not None
        kept = summary[summary["noise"] == "without"].iloc[0]
        ari = run(command).metrics["ari/label"]
        q, coverage = number(kept["q"], 2), number(100 * kept["coverage"], 1)
        rows.append(f"Q {q} on {coverage}% of the images (ARI {number(ari)})")
    return Pair(literal=rows[0], repaired=rows[1])


_REDUCED = f"{PHOTOS} reducer=umap clusterer=dbscan '~clusterer.n_clusters' clusterer.min_samples=4"
SMALL_EPS = f"{_REDUCED} clusterer.eps=.05"
AUTO_EPS = f"{_REDUCED} clusterer.eps=auto"


def silhouettes() -> Table:
    """k-means in three spaces, each scored where it was made, and all of them in one."""
    rows = []
    for told, extra in _SPACES.items():
        command = f"{PHOTOS} {extra}"
        rows.append(
            [
                told,
                *(
                    spread(over_seeds(command, key))
                    for key in ("silhouette/reduced", "silhouette/features", "ari/label")
                ),
            ]
        )
    head = ["clustered in", "silhouette there", "silhouette in the features", "ARI"]
    return Table(head=head, rows=rows)


_SPACES = {
    "the 1280 features": "reducer=none",
    "PCA, 2 dimensions": "reducer=pca reducer.n_components=2",
    "UMAP, 2 dimensions": "reducer=umap reducer.n_components=2",
}


def by_eye() -> Pair:
    """The picture that looks best, and what its clusters are worth."""
    command = f"{PHOTOS} {_SPACES['UMAP, 2 dimensions']}"
    there, ari, plain = (
        spread(over_seeds(*of))
        for of in (
            (command, "silhouette/reduced"),
            (command, "ari/label"),
            (f"{PHOTOS} reducer=none", "ari/label"),
        )
    )
    return Pair(
        literal=f"islands in the picture (silhouette {there} there)",
        repaired=f"ARI {ari}, against {plain} without the picture",
    )


def scaler() -> Pair:
    """A ceiling whose scaler and PCA saw the test images, and one whose did not."""
    of_all, of_train = (
        run(f"{WITH_PCA} evaluator.ceiling.fitted_on={which}") for which in ("all", "train")
    )
    return Pair(
        literal=f"test accuracy {number(of_all.metrics['ceiling_accuracy/label'])}",
        repaired=number(of_train.metrics["ceiling_accuracy/label"]),
    )


def circular() -> Pair:
    """ARI with five macro-categories made of the images that are scored, or of others."""
    literal, repaired = (
        spread(over_seeds(f"{MACRO} evaluator.macro.built_on={which}", "ari/word_macro5"))
        for which in ("all", "train")
    )
    return Pair(literal=f"ARI {literal}", repaired=f"{repaired} on the same images")


def images() -> Pair:
    """One method, scored on different images."""
    found = [
        spread(over_seeds(f"{PHOTOS} {extra}".strip(), "ari/label"))
        for extra in ("dataset.sample_share=.2", "clustered_split=test", "")
    ]
    return Pair(
        literal=f"ARI {found[0]} on a fifth, {found[1]} on one half, {found[2]} on all",
        repaired="`compare` marks the rows",
    )


def annotators() -> Pair:
    """Two columns of the illustrations in the place of two people."""
    result = run(f"{PICTURES} 'dataset.annotators=[word,kind]'")
    assert result.annotators is not None
    agreed = float(result.annotators["ari"].iloc[0])
    return Pair(
        literal=f"ARI {number(result.metrics['ari/kind'])} with `kind`, by itself",
        repaired=f"`kind` and `word`, in the place of two people, agree by {number(agreed)}",
    )


def unseeded() -> Pair:
    """The range over three seeds; one seed twice."""
    found = over_seeds(PHOTOS, "ari/label")
    first, again = (run(PHOTOS, "seed=0", *more).assignments for more in ((), ("name=again",)))
    same = "the same" if first.equals(again) else "NOT the same"
    return Pair(
        literal=f"ARI from {number(min(found))} to {number(max(found))} as chance has it",
        repaired=f"seed=0 twice: {same} assignments",
    )

"""One run, top to bottom: load, label, fine-tune, extract, reduce, cluster, evaluate, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clusterlab.clusterers.cluster import cluster
from clusterlab.clusterers.recluster import Recluster
from clusterlab.contents import collection_digest, own_weights
from clusterlab.datasets.load import load, only, usable
from clusterlab.datasets.summary import summarize
from clusterlab.environment import machine, n_cores, versions
from clusterlab.extractors.engine import extract
from clusterlab.finetune._workshop import Tuning
from clusterlab.finetune.finetune import clear_away, fine_tune, marked
from clusterlab.honest import check_scored_split, learned_column, scored_split
from clusterlab.labelers.label import check_labelers, label, promised
from clusterlab.labelling import Labelling
from clusterlab.metrics._macro_labels import with_all_labels, with_macro
from clusterlab.metrics.classification import classification
from clusterlab.models.ahead import bring_ahead
from clusterlab.namers.name import Clusters, check_namer, medoids, name_clusters, named
from clusterlab.outcome import Outcome
from clusterlab.plan import Plan
from clusterlab.reading.settings import Extraction, Settings
from clusterlab.reducers.remembered import project, reduce_features
from clusterlab.reports.highlight import highlight_notes
from clusterlab.reports.metrics_file import metrics
from clusterlab.reports.synthetic import circular
from clusterlab.reports.tables import write_tables
from clusterlab.reports.write import write_report
from clusterlab.run_folder import NOTHING, RunFolder
from clusterlab.store import digest_of
from clusterlab.types import Collection, Failure, Features


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What there is before anything is reduced, the same for every trial of a search.

    labelled: all images with features. extracted: their features. clustered: those of them that are
    to be clustered. features: theirs. summary: of the dataset. contents: digests of the
    collection as it was loaded, and of the user's own weight files.
    """

    settings: Settings
    summary: Mapping[str, Any]
    contents: Mapping[str, Any]
    labelling: Labelling
    tuning: Tuning
    extraction: Extraction
    extracted: Features
    failures: tuple[Failure, ...]
    labelled: Collection
    clustered: Collection
    features: Features


def prepare(
    plan: Plan, folder: RunFolder, check: Callable[[Collection], object] | None = None
) -> Prepared:
    """Load, label, fine-tune and extract. check: sees the labelled collection before the rest, and
    may raise a ClusterlabError."""
    settings = Settings(
        store=plan.store,
        decoding=plan.decoding,
        compute=plan.compute,
        workers=plan.workers or n_cores(),
        batch_size=plan.batch_size,
    )

    with folder.stage("load") as stage:
        learned = learned_column(plan.finetune, plan.reducer)
        collection = load(plan.dataset, learned=learned, seed=plan.seed)
        images = collection_digest(collection)
        chosen = only(usable(collection, collection.ids, collection.failures), plan.clustered_split)
        check_scored_split(chosen, learned, plan.scored_split, plan.clustered_split)
        check_labelers(collection, plan.labelers)
        check_namer(plan.namer, promised(collection, plan.labelers), plan.extractor)
        known = promised(collection, plan.labelers)
        made = plan.evaluator.instance.macro.check(known)
        plan.evaluator.instance.ceiling.check((*map(str, known.labels.columns), *made))
        bring_ahead(plan.users_of_models)
        contents = {"collection": images, "weights": own_weights(plan.users_of_models)}
        stage.store = f"{len(collection):,} images"

    with folder.stage("label") as stage:
        labelling = label(collection, plan.labelers, settings)
        collection, stage.store = labelling.collection, labelling.store
        summary = summarize(collection)
        if check is not None:
            check(collection)

    with folder.stage("finetune") as stage:
        tuning = fine_tune(
            collection,
            plan.extractor,
            plan.finetune,
            folder=folder.path,
            store=plan.store,
            decoding=plan.decoding,
            compute=plan.compute,
            workers=plan.workers,
        )
        stage.store = tuning.store

    with folder.stage("extract") as stage:
        extraction = extract(
            collection,
            tuning.extractor,
            store=plan.store,
            decoding=plan.decoding,
            compute=plan.compute,
            workers=plan.workers,
            batch_size=plan.batch_size,
        )
        stage.store = extraction.store
        extracted = marked(extraction.features, tuning, collection.derived)
        failures = (*collection.failures, *extraction.failures)
        labelled = usable(collection, extracted.ids, failures)
        clustered = only(labelled, plan.clustered_split)

    return Prepared(
        settings=settings,
        summary=summary,
        contents=contents,
        labelling=labelling,
        tuning=tuning,
        extraction=extraction,
        extracted=extracted,
        failures=failures,
        labelled=labelled,
        clustered=clustered,
        features=extracted.take(clustered.ids),
    )


def run(plan: Plan, folder: RunFolder) -> Outcome:
    """Carry out a plan in a run folder. Raises a ClusterlabError where it cannot be done."""
    begin = time.perf_counter()
    ready = prepare(plan, folder)
    clustered, features = ready.clustered, ready.features

    with folder.stage("reduce") as stage:
        reduction = reduce_features(
            ready.extracted,
            plan.reducer,
            store=plan.store,
            collection=ready.labelled,
            keep=clustered.ids,
        )
        reduced, stage.store = reduction.features, reduction.store

    with folder.stage("cluster"):
        recluster = Recluster(plan.clusterer.instance)
        clustering, cluster_notes = cluster(plan.clusterer.instance, reduced.values)

    with folder.stage("view") as stage:
        views = project(features, reduced, plan.views, store=plan.store)
        stage.store = views.store

    with folder.stage("evaluate"):
        macro = plan.evaluator.instance.macro.build(ready.labelled, ready.extracted)
        clustered, (features, reduced) = with_macro(clustered, (features, reduced), macro)
        scored = scored_split(clustered, reduced, plan.scored_split, plan.clustered_split)
        evaluation = plan.evaluator.instance.evaluate(
            clustered,
            {"features": features, "reduced": reduced},
            clustering,
            scored_split=scored,
            recluster=recluster,
            categories=ready.labelling.categories,
            everything=with_all_labels(ready.labelled, ready.extracted, macro),
        )
        predictions = ready.tuning.predict(ready.extracted, ready.extraction.texts)
        classified = classification(ready.labelled, predictions, scored_split=scored)

    with folder.stage("name") as stage:
        naming = name_clusters(
            plan.namer,
            Clusters(
                collection=clustered,
                clustering=clustering,
                space=reduced,
                medoids=medoids(evaluation, clustered),
                texts=ready.extraction.texts,
                marks=ready.labelling.column_marks,
                labelers=ready.labelling.labelers,
                random_state=plan.seed,
            ),
            ready.settings,
        )
        evaluation = named(evaluation, naming)
        if naming is None:
            stage.store = NOTHING

    with folder.stage("report"):
        outcome = Outcome(
            name=plan.name,
            choices=plan.choices,
            components=plan.config,
            collection=clustered,
            features=features,
            reduced=reduced,
            clustering=clustering,
            views=views.projections,
            evaluation=evaluation,
            failures=ready.failures,
            summary=ready.summary,
            explained_variance=reduction.explained_variance,
            decoding=plan.decoding,
            fitted={"extractor": ready.extraction.fitted, "reducer": reduction.fitted},
            timings=folder.timings(),
            environment=_environment(plan, folder, ready, features, reduced),
            texts=ready.extraction.texts,
            compute=ready.extraction.compute,
            training=ready.tuning.training,
            predictions=predictions,
            classification=classified if predictions else None,
            labelled=ready.labelled,
            labelling=ready.labelling if plan.labelers else None,
            naming=naming,
            macro=macro,
            highlight=plan.highlight,
            notes=(
                *plan.notes,
                *clustered.notes,
                *plan.decoding.notes(),
                *ready.labelling.notes,
                *circular(ready.labelling, features),
                *(ready.tuning.training.notes if ready.tuning.training else ()),
                *ready.extraction.notes,
                *reduction.notes,
                *cluster_notes,
                *views.notes,
                *evaluation.notes,
                *classified.notes,
                *highlight_notes(clustered, plan.highlight),
            ),
        )
        write_tables(outcome, folder.path)
        write_report(outcome, folder.path, max_thumbnails=plan.max_thumbnails)
        clear_away(folder.path, plan.store)

    folder.finish(metrics(outcome, seconds=time.perf_counter() - begin), outcome.environment)
    return outcome


def _environment(
    plan: Plan,
    folder: RunFolder,
    ready: Prepared,
    features: Features,
    reduced: Features,
) -> dict[str, Any]:
    return {
        "started": folder.started,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": plan.seed,
        "choices": dict(plan.choices),
        "seen_labels": list(reduced.seen_labels),
        "seen_splits": list(reduced.seen_splits),
        "marks": list(features.marks),
        "spaces": {space.space: digest_of(space.values) for space in (features, reduced)},
        "features": dict(features.provenance),
        **ready.contents,
        "compute": dict(ready.extraction.compute),
        "machine": machine(),
        "versions": versions(),
    }

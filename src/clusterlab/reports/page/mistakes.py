"""The images that a fine-tuned model is most sure about and wrong, or right where the label is."""

from __future__ import annotations

from collections.abc import Collection as Container
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from clusterlab.outcome import Outcome
from clusterlab.reports.page.text import data_uri
from clusterlab.reports.seen import labelled
from clusterlab.reports.thumbnails import MIME, fill, thumbnail
from clusterlab.training import Predictions

MOST = 24
FEWEST = 6


def mistakes(
    outcome: Outcome,
    tables: Sequence[pd.DataFrame],
    seen: Container[str],
    cache: dict[int, bytes | None],
) -> list[dict[str, Any]]:
    """For each of the predictions: unseen and seen, pictures with id, true, predicted and
    confidence; n_unseen and n_seen, how many mistakes there are; n_strange, images of classes
    that the model does not know, which are left out.

    tables: as `decided` gives them. cache: row -> thumbnail, filled as needed.
    """
    most = max(FEWEST, MOST // max(len(tables), 1))
    chosen = [
        _choose(table, said, seen, most)
        for table, said in zip(tables, outcome.predictions, strict=True)
    ]
    shown = [one["shown"][key] for one in chosen for key in ("unseen", "seen")]
    sources = _sources(outcome, [id_ for rows in shown for id_ in rows["id"]], cache)
    return [
        {
            "confident": said.confident,
            "n_strange": one["n_strange"],
            **{f"n_{key}": one["count"][key] for key in ("unseen", "seen")},
            **{
                key: [_picture(row, sources) for row in one["shown"][key].to_dict("records")]
                for key in ("unseen", "seen")
            },
        }
        for one, said in zip(chosen, outcome.predictions, strict=True)
    ]


def confidence(value: float) -> str:
    """A probability as a reader wants it; what is not certain is never shown as 100%.

    >>> confidence(0.87654), confidence(0.99996), confidence(float("nan"))
    ('87.7%', '>99.9%', '')
    """
    if pd.isna(value):
        return ""
    return ">99.9%" if value >= 0.9995 else f"{value:.1%}"


def _choose(
    table: pd.DataFrame, said: Predictions, seen: Container[str], most: int
) -> dict[str, Any]:
    wrong = table[table["correct"].eq(False)]
    known = {*said.classes}
    # The model cannot be right about these, so that they say nothing of it or of the label.
    strange = pd.Series(
        [
            any(v not in known for v in (true.split("|") if said.multi_valued else [true]))
            for true in wrong["true"]
        ],
        index=wrong.index,
        dtype=bool,
    )
    wrong = wrong[~strange].sort_values(
        ["confidence", "id"], ascending=[False, True], kind="stable"
    )
    # Validation images chose the epoch: neither unseen, nor shown again and again.
    taught = wrong["split"].eq("train") & ("train" in seen)
    parts = {"unseen": wrong[~wrong["split"].isin(list(seen))], "seen": wrong[taught]}
    return {
        "n_strange": int(strange.sum()),
        "count": {key: len(rows) for key, rows in parts.items()},
        "shown": {key: rows.head(most) for key, rows in parts.items()},
    }


def _sources(
    outcome: Outcome, ids: Iterable[str], cache: dict[int, bytes | None]
) -> dict[str, tuple[int | None, str | None]]:
    """id -> its row among the clustered images, None elsewhere, and its thumbnail's address."""
    row = {id_: at for at, id_ in enumerate(outcome.collection.ids)}
    wanted = list(dict.fromkeys(ids))
    fill(cache, outcome, [row[id_] for id_ in wanted if id_ in row])
    images = labelled(outcome)
    place = {id_: at for at, id_ in enumerate(images.ids)}
    found: dict[str, tuple[int | None, str | None]] = {}
    for id_ in wanted:
        if id_ in row:
            content = cache[row[id_]]
        else:
            source = images.images[place[id_]]
            content = thumbnail(source, background=outcome.decoding.background)
        found[id_] = (row.get(id_), data_uri(content, MIME) if content else None)
    return found


def _picture(
    found: dict[Any, Any], sources: dict[str, tuple[int | None, str | None]]
) -> dict[str, Any]:
    row, src = sources[found["id"]]
    return {
        "row": row,
        "src": src,
        "id": found["id"],
        "text": "",
        "true": found["true"],
        "predicted": found["predicted"] or "none",
        "confidence": confidence(found["confidence"]),
    }

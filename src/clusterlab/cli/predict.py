"""`clusterlab predict`: new images, each put to the nearest cluster of a finished run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from clusterlab.cli.terminal import log_to_stderr
from clusterlab.cli.words import take_flag, take_value, unexpected
from clusterlab.errors import UsageError
from clusterlab.native_output import own_stderr

HELP = """\
usage: clusterlab predict RUN IMAGES [--output FILE] [--json]

Puts each image of a folder, or one image, to the nearest cluster of a finished
run, and writes a table as CSV on stdout: id, path, cluster, name (where the
clusters have names), distance, margin (0: the next cluster is as near, 1: far
off) and far (farther out than 95 % of the cluster's own images). The run is
left as it is.

  --output FILE  write the table to a file
  --json         the table, the images that failed and the notes as JSON

The model, its fine-tuned weights and what it learned are the run's. Where its
reducer cannot take new images (UMAP, t-SNE), the features decide. How often
that rule is right on the run's own images is said on stderr.

examples:
  clusterlab predict runs/sample/2026-11-22_10-00-00_000000 new_photos
  clusterlab predict RUN one.jpg --json
"""


def main(words: list[str]) -> int:
    as_json = take_flag(words, "--json")
    output = take_value(words, "--output")
    places = unexpected(words, HELP, allowed=2)
    if len(places) < 2:
        raise UsageError(f"predict needs a run and images. {HELP.splitlines()[0]}")
    run, images = (Path(place).expanduser() for place in places)
    with own_stderr(), log_to_stderr():
        from clusterlab.config.kept import kept_of
        from clusterlab.datasets.loose import loose_images
        from clusterlab.predicting import predict

        kept, settings = kept_of(run)
        try:
            found = predict(kept, loose_images(images), settings)
        finally:
            if settings.store is not None:
                settings.store.close()
    for note in found.notes:
        print(f"! {note}", file=sys.stderr)
    for failure in found.failures:
        print(f"! {failure.id}: {failure.message}", file=sys.stderr)
    if as_json:
        rows = json.loads(found.table.to_json(orient="records"))
        failed = [{"id": one.id, "message": one.message} for one in found.failures]
        text = json.dumps(
            {"images": rows, "failures": failed, "space": found.space, "notes": list(found.notes)},
            indent=2,
            ensure_ascii=False,
        )
    else:
        text = found.table.to_csv(index=False).rstrip("\n")
    if output is None:
        print(text)
        return 0
    from clusterlab.files import write_text

    write_text(Path(output), f"{text}\n")
    print(output)
    return 0

"""The stages of a run, by the names that they have in a config."""

from __future__ import annotations

STAGES = (
    "dataset",
    "labeler",
    "extractor",
    "finetune",
    "reducer",
    "clusterer",
    "view",
    "evaluator",
    "namer",
)
"""In the order in which a run goes through them."""

SEVERAL = ("labeler", "view")
"""Those that may have several components, or none: name -> component."""

CHOSEN = ("dataset", "taxonomy", *STAGES[1:])
"""What a user chooses an option of: the stages, and the categories that labelers choose from."""

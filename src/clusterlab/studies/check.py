"""What the rows of a study lack here."""

from __future__ import annotations

from clusterlab.studies.definition import Study
from clusterlab.studies.lacking import Inquiry
from clusterlab.studies.state import State
from clusterlab.studies.tasks import Occasion, tasks


def look(study: Study, occasion: Occasion) -> list[State]:
    """Every row, with what it lacks; nothing is run."""
    inquiry = Inquiry(study, occasion)
    return [State(task, lacks=inquiry.lacks(task)) for task in tasks(study, occasion)]

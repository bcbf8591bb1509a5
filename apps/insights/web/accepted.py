"""The panel of accepted risk: how many exceptions end when, and how many results they cover."""

from typing import Any

from django.urls import reverse

from apps.insights.queries.overview import Overview
from apps.posture.queries.links import results_url


def accepted_context(found: Overview) -> dict[str, Any]:
    """Return what the panel prints; its bars are as long as their share of all exceptions in force."""
    total = sum(span.n for span in found.accepted)
    return {
        "exceptions": total,
        "exceptions_url": f"{reverse('governance:exceptions')}?view=active",
        "accepted_url": results_url(outcome="accepted", run=found.run.pk if found.run else ""),
        "accepted_spans": [
            {"label": span.label, "n": span.n, "first": span.first, "label_of": f"{span.n} of {total}"}
            for span in found.accepted
        ],
    }

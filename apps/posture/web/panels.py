"""What pages of the inventory show of posture: panels of assets, identities and people, and columns of lists."""

from collections.abc import Callable
from typing import Any

from django.db.models import F, FloatField, Q
from django.db.models.expressions import OrderBy
from django.db.models.functions import Cast, NullIf
from django.urls import reverse

from apps.core import clock
from apps.core.actor import Actor
from apps.core.charts import Note, SharePoint, step_line
from apps.core.numbers import plural
from apps.core.panels import CELLS, PANELS, Cells, Panel
from apps.inventory.models import Asset, Credential, Identity, Person
from apps.posture.models import AssetScore, Finding, Result
from apps.posture.models.finding import SEVERITY_ORDER
from apps.posture.queries.assets import asset_scores
from apps.posture.queries.bearing import Gap, by_pillar_of, changes_of, gaps_of, history_of, results_of
from apps.posture.queries.findings import findings_of_subjects, reason_label
from apps.posture.queries.headline import summed
from apps.posture.queries.links import results_url
from apps.posture.queries.runs import last_published
from apps.posture.spec import CHECKS
from apps.posture.states import Outcome, Pillar
from apps.posture.web.subjects import link_subjects
from apps.posture.web.words import evidence_pairs, expected_of

SHOWN_GAPS = 10
SHOWN_RESULTS = 300
SHOWN_FINDINGS = 50
MARKS = 4
COUNTED = ("met", "accepted", "failing", "not_evaluated")


def posture_card(actor: Actor, asset: Asset) -> dict[str, Any] | None:
    """Return the card "n of N met" by pillar, and what stands between it and all met; None without results."""
    run = last_published()
    pillars = by_pillar_of(asset.pk) if run else []
    tally = summed(row.tally for row in pillars)
    if run is None or tally.empty:
        return None
    checks_url = reverse("inventory:asset_tab", args=[asset.kind, asset.slug, "checks"])

    def rows(**filters: str) -> str:
        """Return the list of exactly these results; who does not see them all gets the tab that says so."""
        return results_url(asset=asset.pk, **filters) if actor.sees_all else checks_url

    gaps = [_gap(gap, rows) for gap in gaps_of(actor, asset.pk)]
    return {
        "run": run,
        "tally": tally,
        "pillars": [(row, rows(pillar=row.pillar)) for row in pillars if row.tally.applicable],
        "links": {name: rows(outcome=name) for name in COUNTED},
        "not_applicable_url": rows(outcome="not_applicable"),
        "checks_url": checks_url,
        "gaps": gaps[:SHOWN_GAPS],
        "more_gaps": len(gaps) - SHOWN_GAPS,
        "today": clock.now().date(),
    }


def _gap(gap: Gap, rows: Callable[..., str]) -> dict[str, Any]:
    spec = CHECKS.get(gap.check_id)
    failing = gap.outcome != Outcome.NOT_EVALUATED
    found = rows(check=gap.check_id, outcome=gap.outcome, reason=gap.reason)
    resolve = (
        (spec.fix[0].text if failing and spec.fix else f"Needs: {spec.data}." if spec.data else "") if spec else ""
    )
    more = f" and {plural(gap.owners - 1, 'other')}" if gap.owners > 1 else ""
    return {
        "gap": gap,
        "title": spec.title if spec else gap.check_id,
        "severity": spec.severity if spec and failing else "",
        "pillar": str(Pillar(spec.pillar).label) if spec else "",
        "reason": reason_label(spec, gap.reason) if gap.reason else "",
        "resolve": resolve,
        "url": reverse("posture:finding", args=[gap.finding]) if gap.finding and gap.n == 1 else found,
        "owner": f"{gap.owner}{more}" if gap.owner else "",
    }


def last_days(actor: Actor, asset: Asset) -> dict[str, Any] | None:
    """Return the steps of results met over 90 days, new versions marked; None before the first run."""
    days = history_of(asset.pk, clock.now())
    if not days:
        return None
    points = [SharePoint(day.on, day.met, day.applicable) for day in days]
    dated = asset.versions.present().filter(created_on_source_at__isnull=False).order_by("-created_on_source_at")
    newest = dated.values_list("created_on_source_at", "version")[:MARKS]
    marks = [Note(made_at.date(), version) for made_at, version in reversed(newest) if made_at]
    return {"figure": step_line("ninety", points, marks=marks, measure="results met")}


def all_results(actor: Actor, asset: Asset) -> dict[str, Any] | None:
    """Return every result that bears on the asset and that the actor may see; None where nothing was judged."""
    every = results_of(asset.pk)
    rows = every.visible_to(actor).select_related("version").order_by("check_id", "subject_kind", "subject_label", "pk")
    total = every.count()
    if not total:
        return None
    shown = [_told(row) for row in link_subjects(actor, rows[:SHOWN_RESULTS])]
    hidden = 0 if actor.sees_all else total - rows.count()
    return {"rows": shown, "total": total, "hidden": hidden, "all_url": results_url(asset=asset.pk)}


def _told(row: Any) -> Any:
    row.spec = CHECKS.get(row.check_id)
    row.reason_text = reason_label(row.spec, row.reason) if row.reason else ""
    row.pairs, row.expected = evidence_pairs(row.evidence), expected_of(row.evidence)
    return row


def changed_results(actor: Actor, asset: Asset) -> dict[str, Any] | None:
    """Return the changes of results of the asset and its versions, newest first; None where there was none."""
    words = {str(outcome): str(outcome.label).lower() for outcome in Outcome}
    turned = "{0.check_id} of {0.subject_label} went from {1} to {2}"
    entries = [
        {
            "at": change.at,
            "text": turned.format(change, words[change.before], words[change.after]),
            "actor": reason_label(CHECKS.get(change.check_id), change.reason) if change.reason else "",
        }
        for change in changes_of(actor, asset.pk)
    ]
    return {"entries": entries} if entries else None


def worst_statuses(actor: Actor, asset_ids: list[Any]) -> dict[Any, str]:
    """Return the worst status of each asset that has a score; one query."""
    return {key: worst_of(score) for key, score in asset_scores(actor, asset_ids).items() if score.applicable}


def worst_of(score: AssetScore) -> str:
    """Return failing, not_evaluated, accepted or met: the worst that the asset has."""
    order = ("failing", "not_evaluated", "accepted", "met")
    return next((name for name in order if getattr(score, name)), "")


def identity_panel(actor: Actor, identity: Identity) -> dict[str, Any] | None:
    """Return every result about an identity and its credentials, with the finding where it fails; None without one."""
    keys = [identity.pk, *Credential.objects.visible_to(actor).filter(identity=identity).values_list("pk", flat=True)]
    results = (
        Result.objects.visible_to(actor).filter(subject_id__in=keys, to_run__isnull=True).order_by("check_id", "pk")
    )
    findings = {(f.check_id, f.subject_id): f for f in findings_of_subjects(actor, keys)}
    rows = [_told(row) for row in results[:SHOWN_RESULTS]]
    for row in rows:
        row.finding = findings.get((row.check_id, row.subject_id))
    rows.sort(key=lambda row: (list(ORDER).index(row.outcome), row.check_id))
    return {"rows": rows, "own": identity.pk, "today": clock.now().date()} if rows else None


ORDER = (Outcome.FAILING, Outcome.NOT_EVALUATED, Outcome.ACCEPTED, Outcome.MET, Outcome.NOT_APPLICABLE)


def person_panel(actor: Actor, person: Person) -> dict[str, Any] | None:
    """Return the findings about a person's identities, and those that the person has to see to; None without one."""
    identities = Identity.objects.visible_to(actor).filter(person=person).order_by()
    credentials = Credential.objects.visible_to(actor).filter(identity__in=identities).order_by()
    about = Q(subject_id__in=identities.values("pk")) | Q(subject_id__in=credentials.values("pk"))
    rows = Finding.objects.visible_to(actor).unresolved().filter(about | Q(owner=person)).annotate(rank=SEVERITY_ORDER)
    total = rows.count()
    if not total:
        return None
    shown = link_subjects(actor, rows.order_by("rank", "due_on", "number")[:SHOWN_FINDINGS])
    for row in shown:
        row.spec = CHECKS.get(row.check_id)
    return {"rows": shown, "total": total, "person": person, "today": clock.now().date()}


def score_cells(actor: Actor, keys: list[Any]) -> dict[Any, Any]:
    """Return the scores of the shown assets; one query."""
    return dict(asset_scores(actor, keys))


def finding_cells(actor: Actor, keys: list[Any]) -> dict[Any, Any]:
    """Return how many unresolved findings each identity has, with its credentials'; two queries."""
    held = dict(Credential.objects.visible_to(actor).filter(identity_id__in=keys).values_list("pk", "identity_id"))
    found: dict[Any, int] = {}
    for subject in findings_of_subjects(actor, [*keys, *held]).order_by().values_list("subject_id", flat=True):
        holder = held.get(subject, subject)
        found[holder] = found.get(holder, 0) + 1
    return found


def _proven() -> OrderBy:
    whole = F("score__met") + F("score__failing") + F("score__accepted") + F("score__not_evaluated")
    share = Cast(F("score__met"), FloatField()) / NullIf(Cast(whole, FloatField()), 0.0)
    return OrderBy(share, nulls_last=True)


def _most(field: str) -> OrderBy:
    return OrderBy(F(field), descending=True, nulls_last=True)


def register() -> None:
    """Register panels and columns; called once from `ready()`."""
    panels = (
        Panel("posture.asset", "asset.main", "posture/_asset_card.html", posture_card, order=10),
        Panel("posture.days", "asset.side", "posture/_asset_days.html", last_days, order=10),
        Panel("posture.results", "asset.checks", "posture/_asset_results.html", all_results, order=10),
        Panel("posture.changes", "asset.history", "posture/_asset_changes.html", changed_results, order=10),
        Panel("posture.status", "asset.status", "posture/_asset_status.html", worst_statuses, order=10),
        Panel("posture.identity", "identity.main", "posture/_identity_results.html", identity_panel, order=10),
        Panel("posture.person", "person.main", "posture/_person_findings.html", person_panel, order=10),
    )
    for panel in panels:
        PANELS.register(panel.name, panel)
    asset_headings = (
        ("Proven met", "proven", False),
        ("Critical, high", "critical", False),
        ("Not evaluated", "blind", True),
    )
    orders = {
        "proven": (_proven(), "name"),
        "critical": (_most("score__open_critical"), _most("score__open_high"), "name"),
        "blind": (_most("score__not_evaluated"), "name"),
    }
    CELLS.register(
        "posture.assets",
        Cells("posture.assets", "assets.list", asset_headings, "posture/_asset_cells.html", score_cells, orders),
    )
    headings = (("Open findings", "", True),)
    CELLS.register(
        "posture.identities",
        Cells("posture.identities", "identities.list", headings, "posture/_identity_cells.html", finding_cells, {}),
    )

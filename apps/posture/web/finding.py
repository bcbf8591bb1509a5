"""The page of one finding, and what may be done to it."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import Conflict, DomainError, Invalid, NotFound
from apps.core.web.views import ActorView
from apps.governance.models import RiskException
from apps.governance.queries.exceptions import open_exception, state_of
from apps.governance.references import find
from apps.governance.rules.exceptions import can_ask
from apps.governance.standards import control, frameworks
from apps.governance.states import ReferenceKind
from apps.posture import rules
from apps.posture.models import Finding
from apps.posture.queries.findings import FindingDetail, FindingFilters, finding_detail, finding_list, reason_label
from apps.posture.queries.links import findings_url
from apps.posture.queries.records import records_of
from apps.posture.services.findings import assign_owner, mark_fixed, set_due
from apps.posture.services.rechecks import recheck_subject
from apps.posture.spec import CheckSpec
from apps.posture.states import FindingState, Outcome
from apps.posture.web.forms import AssignForm, DueForm, FixedForm, RefusableForm, assignable
from apps.posture.web.subjects import link_subjects
from apps.posture.web.words import evidence_pairs, expected_of, fact_sentence

SIBLINGS = 5
#: Standards whose titles the project does not ship.
NAMES = {"owasp-aisvs": "OWASP AISVS"}


def mapping_of(spec: CheckSpec) -> list[dict[str, str]]:
    """Return what a check proves: framework, edition, id and, where the project ships it, the title."""
    found = []
    for ref in spec.refs:
        framework, known = frameworks().get(ref.framework), control(ref.framework, ref.id)
        name = framework.name if framework else NAMES.get(ref.framework, ref.framework)
        found.append({"framework": name, "edition": ref.edition, "id": ref.id, "title": known.title if known else ""})
    return found


class FindingView(ActorView):
    """`/findings/F-<number>`: fact, evidence, why, fix, subject and siblings, timeline; on the right what to do."""

    def get(self, request: HttpRequest, number: str, **kwargs: Any) -> HttpResponse:
        """Answer the page."""
        return finding_page(self, int(number), {})


def finding_page(view: ActorView, number: int, forms: dict[str, RefusableForm], status: int = 200) -> HttpResponse:
    """Return the finding's page, with a form that was refused where there is one."""
    now, actor = clock.now(), view.actor
    found = finding_detail(actor, number, now)
    finding = found.finding
    link_subjects(actor, [finding])
    people = assignable(actor)
    context = {
        "found": found,
        "finding": finding,
        "state_tone": FindingState(finding.state).tone,
        "spec": found.spec,
        "today": now.date(),
        **seen_context(found),
        "records": records_of(actor, finding.subject_kind, finding.subject_id),
        "siblings": link_subjects(actor, _siblings(view, finding)),
        "siblings_url": findings_url(check=finding.check_id),
        "timeline": [_line(event) for event in reversed(list(finding.events.all()))],
        "mapping": mapping_of(found.spec) if found.spec else [],
        "may_work": rules.can_work_on(actor, finding),
        "may_fix": rules.can_mark_fixed(actor, finding),
        "may_recheck": rules.can_recheck(actor),
        "assign_form": forms.get("assign") or AssignForm(initial={"owner": finding.owner_id}, people=people),
        "due_form": forms.get("due") or DueForm(initial={"due_on": finding.due_on}),
        "fixed_form": forms.get("fixed") or FixedForm(),
        "opened": list(forms),
        "exception": exception_part(actor, finding, now.date()),
    }
    return render(view.request, "posture/finding_detail.html", context, status=status)


def exception_part(actor: Actor, finding: Finding, today: date) -> dict[str, Any]:
    """Return the exception that waits or is in force, or whether the actor may ask for one; at most nine queries."""
    standing = open_exception(ReferenceKind.FINDING, str(finding.pk))
    if standing is not None:
        text, tone = state_of(standing, today)
        seen = RiskException.objects.visible_to(actor).filter(pk=standing.pk).exists()
        return {"standing": standing, "text": text, "tone": tone, "seen": seen}
    reference = find(actor, ReferenceKind.FINDING, str(finding.pk))
    return {"may": reference is not None and bool(can_ask(actor, reference))}


def seen_context(found: FindingDetail) -> dict[str, Any]:
    """Return the fact in one sentence, what the last run saw, and whether it looks different at this moment."""
    result = found.result
    evidence = result.evidence if result else None
    reason = reason_label(found.spec, result.reason) if result and result.reason else ""
    expected = expected_of(evidence) or expected_of(found.seen.evidence)
    resolved = found.finding.state == FindingState.RESOLVED
    differs = bool(result and found.seen.outcome and found.seen.outcome != result.outcome)
    return {
        "fact": fact_sentence(found.finding.subject_label, reason, expected),
        "reason": reason,
        "expected": expected,
        "pairs": evidence_pairs(evidence),
        "is_blind": bool(result and result.outcome == Outcome.NOT_EVALUATED and not resolved),
        "is_resolved": resolved,
        "now_seen": found.seen if differs else None,
    }


def _siblings(view: ActorView, finding: Finding) -> list[Finding]:
    rows = finding_list(view.actor, FindingFilters(check=finding.check_id), clock.now().date())
    # Findings of one check are of one severity: by number they are found through the key over the check.
    return list(rows.exclude(pk=finding.pk).order_by("due_on", "number")[:SIBLINGS])


def _line(event: Any) -> dict[str, Any]:
    by_run = f"Run {event.run_number}" if event.run_number else ""
    text = f"{event.get_change_display()}: {event.note}" if event.note else str(event.get_change_display())
    return {"at": event.at, "text": text, "actor": event.actor or by_run}


class FindingActionView(ActorView):
    """POST: re-check, mark as fixed, assign, or change the due date; back to the finding."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, number: str, act: str, **kwargs: Any) -> HttpResponse:
        """Carry it out; a refused form is shown again with the reason."""
        form = self._form(act)
        if not form.is_valid():
            return finding_page(self, int(number), {act: form}, 400)
        try:
            said = _ACTS[act](self, int(number), form.cleaned_data)
        except (Invalid, Conflict) as refusal:
            return self._refused(int(number), act, form, refusal)
        messages.success(request, said)
        return redirect(reverse("posture:finding", args=[number]))

    def _form(self, act: str) -> RefusableForm:
        if act == "assign":
            return AssignForm(self.request.POST, people=assignable(self.actor))
        return {"due": DueForm, "fixed": FixedForm, "recheck": RefusableForm}[act](self.request.POST)

    def _refused(self, number: int, act: str, form: RefusableForm, refusal: DomainError) -> HttpResponse:
        if act == "recheck":
            messages.error(self.request, refusal.reason)
            return redirect(reverse("posture:finding", args=[number]))
        form.take(refusal)
        return finding_page(self, number, {act: form}, refusal.status)

    def assign(self, number: int, given: dict[str, Any]) -> str:
        """Give it to the person, or to nobody."""
        owner = given["owner"]
        assign_owner(actor=self.actor, number=number, person_id=owner.pk if owner else None)
        return f"F-{number} is with {owner.name}." if owner else f"F-{number} is with nobody."

    def due(self, number: int, given: dict[str, Any]) -> str:
        """Change the due date."""
        set_due(actor=self.actor, number=number, due_on=given["due_on"], note=given["note"])
        return "The due date is changed."

    def fixed(self, number: int, given: dict[str, Any]) -> str:
        """Say that it is fixed; the next run has to prove it."""
        mark_fixed(actor=self.actor, number=number, note=given["note"])
        return "Marked as fixed. It awaits proof: the next run closes it or opens it again."

    def recheck(self, number: int, given: dict[str, Any]) -> str:
        """Judge the subject again, now."""
        row = finding_list(self.actor, FindingFilters(state=",".join(FindingState.values)), clock.now().date())
        finding = row.filter(pk=number).first()
        if finding is None:
            raise NotFound(f"There is no finding F-{number}.")
        changed = recheck_subject(actor=self.actor, check_id=finding.check_id, subject_id=finding.subject_id)
        result = changed.value
        return (
            f"Checked again: {result.get_outcome_display().lower()}."
            if result
            else "Checked again: it is out of scope now."
        )


_ACTS = {
    "assign": FindingActionView.assign,
    "due": FindingActionView.due,
    "fixed": FindingActionView.fixed,
    "recheck": FindingActionView.recheck,
}

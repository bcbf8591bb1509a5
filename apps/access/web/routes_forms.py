"""Forms of the routes: the time a request waits at each tier, its stages, and the note that says why they change."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from apps.access.models import Route, Stage, Tiers
from apps.access.rules.routes import MOST_HOURS, MOST_MINUTES, MOST_NEEDED, MOST_STAGES, RouteProblem
from apps.access.states import ApproverRule
from apps.governance.tiers import TIERS

#: What a stage that is not used yet is filled with.
NEW = {"need": 1, "answer_minutes": 30, "remind_minutes": 15}


class StageForm(forms.Form):
    """One stage; without an approver it is not used."""

    rule = forms.ChoiceField(required=False, choices=[("", "Not used"), *ApproverRule.choices], label="Who approves")
    need = forms.IntegerField(min_value=1, max_value=MOST_NEEDED, label="How many")
    answer_minutes = forms.IntegerField(min_value=1, max_value=MOST_MINUTES, label="Answer in, min")
    remind_minutes = forms.IntegerField(min_value=1, max_value=MOST_MINUTES, label="Remind after, min")
    escalate_to = forms.ChoiceField(
        required=False, choices=[("", "Nobody else"), *ApproverRule.choices], label="When late, also"
    )
    fallback = forms.ChoiceField(
        required=False, choices=[("", "Nobody: it fails"), *ApproverRule.choices], label="If nobody can"
    )

    @property
    def used(self) -> bool:
        """Return whether somebody approves here."""
        return bool(self["rule"].value())

    def stage(self) -> Stage:
        """Return the stage that a valid form describes."""
        said = self.cleaned_data
        return Stage(
            rule=said["rule"],
            need=said["need"],
            answer_minutes=said["answer_minutes"],
            remind_minutes=said["remind_minutes"],
            escalate_to=said["escalate_to"],
            fallback=said["fallback"],
        )


class HoursForm(forms.Form):
    """How long a request of a tier waits."""

    hours = forms.IntegerField(
        min_value=1, max_value=MOST_HOURS, label="A request waits, hours", help_text="Then it ends unanswered."
    )


class RouteNoteForm(forms.Form):
    """Why the routes change."""

    note = forms.CharField(max_length=500, label="Why", help_text="Kept with the version, for whoever confirms it.")


@dataclass(slots=True)
class TierForms:
    """The forms of one tier."""

    tier: int
    title: str
    floor: str
    hours: HoursForm
    stages: list[StageForm]

    @property
    def used(self) -> list[forms.Form]:
        """Return those that count: unused stages are not asked."""
        return [self.hours, *(stage for stage in self.stages if stage.used)]

    def problem_at(self, problem: RouteProblem) -> forms.Form:
        """Return the form a problem is about; stages are counted as they are used."""
        used = [stage for stage in self.stages if stage.used]
        return used[problem.stage - 1] if 0 < problem.stage <= len(used) else self.hours


def tier_forms(tiers: Tiers | None = None, data: QueryDict | None = None) -> list[TierForms]:
    """Return the forms of all tiers, filled with routes or with what was sent."""
    return [_of_tier(number, tiers[str(number)] if tiers else None, data) for number in sorted(TIERS)]


def _of_tier(number: int, route: Route | None, data: QueryDict | None) -> TierForms:
    kept: list[Any] = list(route["stages"]) if route else []
    kept += [NEW] * (MOST_STAGES - len(kept))
    floor = {0: "May be automatic.", 1: "At least one approval.", 2: "At least two stages, by distinct persons."}
    return TierForms(
        tier=number,
        title=TIERS[number].title,
        floor=floor[TIERS[number].approvals],
        hours=HoursForm(data, prefix=f"t{number}", initial={"hours": route["hours"]} if route else None),
        stages=[
            StageForm(data, prefix=f"t{number}s{position}", initial=stage) for position, stage in enumerate(kept, 1)
        ],
    )


def tiers_of(found: Iterable[TierForms]) -> Tiers:
    """Return the routes that valid forms describe."""
    return {
        str(one.tier): Route(
            hours=one.hours.cleaned_data["hours"], stages=[stage.stage() for stage in one.stages if stage.used]
        )
        for one in found
    }


def are_valid(found: Iterable[TierForms]) -> bool:
    """Return whether every form in use is filled rightly; each says what is wrong with it."""
    wrong = [form for one in found for form in one.used if not form.is_valid()]
    return not wrong


def explain(found: Iterable[TierForms], problems: Iterable[RouteProblem]) -> None:
    """Show each problem at the field or the tier it is about."""
    by_tier = {one.tier: one for one in found}
    for problem in problems:
        form = by_tier[problem.tier].problem_at(problem)
        form.add_error(problem.field if problem.field in form.fields else None, problem.text)

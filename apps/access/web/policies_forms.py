"""Forms of the policies: one of each policy, and the note that says why they change."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.forms.formsets import BaseFormSet, formset_factory
from django.http import QueryDict

from apps.access.policies.language import PolicyText, Texts
from apps.access.policies.validation import MAX_POLICIES, MAX_TEXT, Problem


class PolicyForm(forms.Form):
    """One policy."""

    slug = forms.CharField(max_length=80, label="Id", help_text="Small letters, digits and hyphens; it never changes.")
    title = forms.CharField(max_length=120)
    reason = forms.CharField(max_length=300, help_text="Shown to people when this policy decides.")
    remedy = forms.CharField(max_length=300, required=False, help_text="Shown when it refuses: what would help.")
    requestable = forms.BooleanField(required=False, label="Asking differently helps, for example for less time")
    text = forms.CharField(
        max_length=MAX_TEXT,
        strip=False,
        label="Cedar policy",
        widget=forms.Textarea(attrs={"rows": 7, "spellcheck": "false", "class": "code"}),
    )

    @property
    def words(self) -> str:
        """Return the policy's title, empty for the form of a new one."""
        return str(self["title"].value() or self["slug"].value() or "")


class NoteForm(forms.Form):
    """Why the policies change."""

    note = forms.CharField(max_length=500, label="Why", help_text="Kept with the version, for whoever confirms it.")


if TYPE_CHECKING:
    _Base = BaseFormSet[PolicyForm]
else:
    _Base = BaseFormSet


class PolicyFormSet(_Base):
    """All policies of a set, and one empty form for another."""

    def add_fields(self, form: PolicyForm, index: int | None) -> None:
        """Name the box that removes a policy."""
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Remove this policy"

    def clean(self) -> None:
        """Refuse an id twice; forms that are removed are not asked."""
        seen: set[str] = set()
        for form in self.kept():
            slug = form.cleaned_data.get("slug", "")
            if slug in seen:
                form.add_error("slug", "Another policy has this id.")
            seen.add(slug)

    def kept(self) -> list[PolicyForm]:
        """Return the forms that stay."""
        return [form for form in self.forms if form.has_changed() and form not in self.deleted_forms]


_FormSet = cast(
    type[PolicyFormSet],
    formset_factory(
        PolicyForm, PolicyFormSet, extra=1, can_delete=True, max_num=MAX_POLICIES, absolute_max=MAX_POLICIES + 1
    ),
)


def forms_of(texts: Texts) -> PolicyFormSet:
    """Return the forms of a set, by id."""
    return _FormSet(prefix="p", initial=[{"slug": slug, **texts[slug]} for slug in sorted(texts)])


def posted_forms(data: QueryDict) -> PolicyFormSet:
    """Return the forms as they were sent."""
    return _FormSet(data, prefix="p")


def texts_of(policy_forms: PolicyFormSet) -> dict[str, PolicyText]:
    """Return the set that valid forms describe; line ends are those of Unix."""
    return {form.cleaned_data["slug"]: _text(form.cleaned_data) for form in policy_forms.kept()}


def _text(said: dict[str, Any]) -> PolicyText:
    return PolicyText(
        title=said["title"],
        reason=said["reason"],
        remedy=said["remedy"],
        requestable=said["requestable"],
        text=said["text"].replace("\r\n", "\n").strip("\n"),
    )


def explain(policy_forms: PolicyFormSet, problems: Iterable[Problem]) -> None:
    """Show problems at the policy they are about; those of the whole set above all."""
    by_slug = {form.cleaned_data.get("slug"): form for form in policy_forms.forms if form.is_valid()}
    for problem in problems:
        place = f"Line {problem.line}: " if problem.line else ""
        form = by_slug.get(problem.slug)
        if form is not None:
            form.add_error("text", f"{place}{problem.text}")
        else:
            policy_forms._non_form_errors.append(str(problem))  # type: ignore[attr-defined]

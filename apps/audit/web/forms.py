"""Forms of the audit log."""

from django import forms

from apps.audit.services.erasure import MAX_REASON


class ErasureForm(forms.Form):
    """Why the details of an event are erased."""

    reason = forms.CharField(
        label="Reason",
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Becomes an event of its own. Do not name the person here.",
    )

"""Forms of integrity."""

from collections.abc import Mapping

from django import forms

from apps.integrity.verification.keys import MAX_PEM


class KeyForm(forms.Form):
    """A key or certificate to be trusted, pasted or as a file."""

    name = forms.CharField(max_length=200, help_text="Whose key this is, for example “Release pipeline”.")
    text = forms.CharField(
        required=False,
        max_length=MAX_PEM,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        label="Public key or root certificate",
        help_text="PEM, from BEGIN to END. Never a private key.",
    )
    file = forms.FileField(required=False, label="Or a PEM file", max_length=255)

    def clean(self) -> dict[str, object]:
        """Take the file where there is one, else the text."""
        cleaned = super().clean() or {}
        upload = cleaned.get("file")
        pem = cleaned.get("text") or ""
        if upload is not None:
            if upload.size > MAX_PEM:
                self.add_error("file", "This is larger than a key can be.")
                return cleaned
            try:
                pem = upload.read().decode("utf-8")
            except UnicodeDecodeError:
                self.add_error("file", "This is not a PEM file.")
                return cleaned
        if not pem.strip() and not self.errors:
            self.add_error("text", "Paste a key or choose a file.")
        cleaned["pem"] = pem
        return cleaned

    def explain(self, reason: str, fields: Mapping[str, str]) -> None:
        """Show a refusal of the command where it belongs."""
        for name, problem in fields.items():
            self.add_error("text" if name == "pem" else name, problem)
        if not fields:
            self.add_error(None, reason)

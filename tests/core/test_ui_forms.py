"""Forms: errors lead to their fields, and buttons that post ask first where it matters."""

from typing import Any

from django import forms
from django.template import Context, Template

HOSTILE = 'x\u202e"><script>alert(1)</script>'


class SourceForm(forms.Form):
    """A form with one of each kind of control."""

    name = forms.CharField(label="Name", help_text="As people call it.")
    why = forms.CharField(label="Why", required=False, widget=forms.Textarea)
    mode = forms.ChoiceField(label="Mode", widget=forms.RadioSelect, choices=[("full", "Full"), ("part", "Part")])
    shrink = forms.BooleanField(label="Accept a smaller file")
    secret = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse one name with an error that belongs to the whole form."""
        if self.cleaned_data.get("name") == "refused":
            raise forms.ValidationError("The file is <b>smaller</b>\u202e than the last.")
        return self.cleaned_data


def render(source: str, **context: Any) -> str:
    return " ".join(Template("{% load ui %}" + source).render(Context(context)).split())


def test_an_unbound_form_has_no_summary_and_names_what_is_optional() -> None:
    html = render("{% form_fields form %}", form=SourceForm())
    assert 'role="alert"' not in html
    assert "aria-invalid" not in html
    assert 'Why <span class="opt">optional</span>' in html
    assert 'aria-describedby="id_name_help"' in html
    assert '<p class="help" id="id_name_help">As people call it.</p>' in html
    assert '<input type="hidden" name="secret"' in html


def test_errors_are_summed_up_focused_linked_and_repeated_at_the_field() -> None:
    html = render("{% form_fields form %}", form=SourceForm({"why": HOSTILE}))
    assert 'role="alert" tabindex="-1" data-focus' in html
    assert "3 things need your attention" in html
    for target in ("id_name", "id_mode_0", "id_shrink"):
        assert f'<a href="#{target}">' in html
        assert f'id="{target}"' in html
    assert 'aria-describedby="id_name_help id_name_error"' in html
    assert 'id="id_name_error"' in html
    assert html.count('aria-invalid="true"') >= 2
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_an_error_of_the_whole_form_is_text_without_a_link() -> None:
    form = SourceForm({"name": "refused", "mode": "full", "shrink": "on"})
    html = render("{% form_errors form %}", form=form)
    assert "One thing needs your attention" in html
    assert "&lt;b&gt;smaller&lt;/b&gt;⟨U+202E⟩ than the last." in html
    assert "<a href" not in html


def test_groups_are_fieldsets_with_a_legend() -> None:
    html = render("{% field f %}", f=SourceForm()["mode"])
    assert "<fieldset" in html
    assert "<legend>Mode" in html
    assert html.count('type="radio"') == 2
    assert 'for="id_mode_0"' in html


def test_a_post_button_carries_the_token_and_its_fields() -> None:
    html = render("{% post_button '/x' 'Re-check' hidden=h %}", csrf_token="tok", h={"id": HOSTILE})
    assert 'method="post" action="/x"' in html
    assert 'name="csrfmiddlewaretoken" value="tok"' in html
    assert "<script>alert" not in html
    assert "<details" not in html


def test_a_confirmed_button_asks_in_place_without_script() -> None:
    html = render("{% post_button '/x' 'Remove' confirm='This deletes 214 assets.' tone='neg' %}", csrf_token="tok")
    assert "<details" in html
    assert "Remove…" in html
    assert html.index("This deletes 214 assets.") < html.index("<button")


def test_a_disabled_button_cannot_post_and_says_why() -> None:
    html = render("{% post_button '/x' 'Import' disabled='Only a security administrator may import.' %}")
    assert "<form" not in html
    assert 'aria-disabled="true"' in html
    assert html.count("Only a security administrator may import.") == 2

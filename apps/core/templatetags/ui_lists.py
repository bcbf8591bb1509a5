"""Lists and forms: sortable headers, filter bar, pager, fields, error summary, buttons that post."""

from collections.abc import Mapping
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField

from apps.core.ui import filters as filter_models
from apps.core.ui import forms as form_models
from apps.core.ui import lists

register = template.Library()


@register.inclusion_tag("components/_th.html", takes_context=True)
def th(
    context: Any, label: str, sort: str = "", numeric: bool = False, css: str = "", hidden: bool = False
) -> dict[str, object]:
    """A column header; with `sort` a link that keeps the query string; the order now is `sort` of the context."""
    link = lists.sort_view(context.get("request") if sort else None, sort, str(context.get("sort") or ""))
    return {"label": label, "numeric": numeric, "css": css, "hidden": hidden, **link}


@register.inclusion_tag("components/_pager.html", takes_context=True)
def pager(context: Any, page: Any, noun: str = "rows") -> dict[str, object]:
    """Previous and next with `51–100 of 5,214 findings`, for a Django Page or a cursor page."""
    return lists.pager_view(page, context.get("request"), noun)


@register.inclusion_tag("components/_exports.html", takes_context=True)
def export_links(context: Any) -> dict[str, str]:
    """CSV and JSON of exactly the rows that the page's filters show."""
    return lists.export_view(context["request"])


@register.inclusion_tag("components/_filters.html", takes_context=True)
def filter_bar(context: Any, form: forms.BaseForm, label: str = "Filters") -> dict[str, object]:
    """A form of filters as a GET form: search field, panels of choices, chips of what is active."""
    return {**filter_models.filter_view(form, context["request"]), "label": label, "action": context["request"].path}


@register.inclusion_tag("components/_errors.html")
def form_errors(form: forms.BaseForm | None) -> dict[str, object]:
    """The error summary that takes the focus; nothing where there is no error."""
    return {"errors": form_models.error_list(form) if form is not None and form.is_bound else []}


@register.inclusion_tag("components/_field.html")
def field(bound: BoundField) -> dict[str, object]:
    """One field: label, control, help and errors, tied together by aria-describedby."""
    return form_models.field_view(bound)


@register.inclusion_tag("components/_form.html", takes_context=True)
def form_fields(context: Any, form: forms.BaseForm) -> dict[str, object]:
    """Error summary, hidden fields and every visible field of a form, in order."""
    return {"form": form, "hidden": form.hidden_fields(), "visible": form.visible_fields()}


@register.inclusion_tag("components/_post_button.html", takes_context=True)
def post_button(
    context: Any,
    url: str,
    label: str,
    tone: str = "",
    confirm: str = "",
    icon: str = "",
    hidden: Mapping[str, object] | None = None,
    disabled: str = "",
) -> dict[str, object]:
    """A button that posts; with `confirm` it asks first, without script. `disabled` is the reason why not."""
    return {
        "url": url,
        "label": label,
        "tone": tone,
        "confirm": confirm,
        "icon": icon,
        "disabled": disabled,
        "hidden": dict(hidden or {}).items(),
        "csrf_token": context.get("csrf_token", ""),
    }


@register.inclusion_tag("components/_job.html", takes_context=True)
def job(context: Any, job: Any) -> dict[str, object]:
    """Progress of long work (`apps.core.ui.lists.Job`), asked again every two seconds while it runs."""
    return {**lists.job_view(job), "csrf_token": context.get("csrf_token", "")}


@register.inclusion_tag("components/_asof.html")
def asof(at: Any, stale: Any = (), sources: int | None = None, facts: Any = (), running: str = "") -> dict[str, object]:
    """When the numbers are from, what they count (pairs of number and noun), stale sources by name, a run under way."""
    return {"at": at, "stale": lists.stale_text(stale, sources), "facts": facts, "running": running}

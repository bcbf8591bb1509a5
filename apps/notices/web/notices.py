"""One's own notices, and which of them come by mail."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.core import clock
from apps.core.numbers import plural
from apps.core.web.views import ActorView
from apps.notices.models import Notice
from apps.notices.queries import choices_of, mail_is_on, still_visible, unread_count
from apps.notices.services import choose, mark_all_read, mark_read
from apps.notices.web.forms import ChoicesForm

PER_PAGE = 50


class Notices(ActorView):
    """What this person was told, newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show a page of notices; `?show=unread` only those not read."""
        rows, unread = Notice.objects.visible_to(self.actor), unread_count(self.actor)
        only_unread = request.GET.get("show") == "unread"
        page = Paginator(rows.unread() if only_unread else rows, PER_PAGE).get_page(request.GET.get("page"))
        shown = list(page.object_list)
        visible = still_visible(self.actor, shown)
        tabs = [
            {"label": "All", "url": request.path, "current": not only_unread},
            {"label": "Unread", "url": f"{request.path}?show=unread", "current": only_unread, "count": unread},
        ]
        context: dict[str, Any] = {
            "page_obj": page, "rows": [(row, row.pk in visible) for row in shown], "tabs_items": tabs,
            "unread": unread, "only_unread": only_unread,
        }  # fmt: skip
        return render(request, "notices/notice_list.html", context)


class Read(ActorView):
    """Marking one notice as read."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Mark and go back to the list."""
        mark_read(
            actor=self.actor, now=clock.now(), notice=get_object_or_404(Notice.objects.visible_to(self.actor), pk=pk)
        )
        return redirect("notices:notices")


class ReadAll(ActorView):
    """Marking everything as read."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Mark and go back to the list."""
        count = mark_all_read(actor=self.actor, now=clock.now()).value
        messages.success(request, f"{plural(count, 'notice')} marked as read." if count else "Nothing was unread.")
        return redirect("notices:notices")


class Choices(ActorView):
    """Which kinds come by mail."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the choices."""
        return self._page(ChoicesForm(choices=choices_of(request.user)))  # type: ignore[arg-type]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the choices."""
        form = ChoicesForm(request.POST, choices=choices_of(request.user))  # type: ignore[arg-type]
        if not form.is_valid():
            return self._page(form)
        choose(actor=self.actor, now=clock.now(), by_mail=form.chosen)
        messages.success(request, "Saved.")
        return redirect("notices:choices")

    def _page(self, form: ChoicesForm) -> HttpResponse:
        context = {"form": form, "mail_on": mail_is_on()}
        return render(self.request, "notices/choices.html", context, status=400 if form.errors else 200)


notices = Notices.as_view()
read = Read.as_view()
read_all = ReadAll.as_view()
choices = Choices.as_view()

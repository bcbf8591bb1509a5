"""Channels and undelivered messages, for those who keep the portal."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Invalid
from apps.core.notices import NOTICE_KINDS
from apps.core.web.views import ActorView
from apps.notices.models import Channel, Delivery
from apps.notices.queries import channels, mail_is_on, outbox
from apps.notices.rules import can_manage_channels
from apps.notices.services import add_channel, change_channel, remove_channel, replay, try_channel
from apps.notices.states import DeliveryState
from apps.notices.web.forms import ChannelForm

PER_PAGE = 50


class Setup(ActorView):
    """The outbox, the channels, and what could not be delivered."""

    roles = (Role.SECURITY_ADMIN, Role.AUDITOR)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show how the outbox stands."""
        return self.page(ChannelForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Add a channel; the signing secret of a webhook is shown this once."""
        form, secret = ChannelForm(request.POST), ""
        can_manage_channels(self.actor).require()
        if form.is_valid():
            try:
                channel, secret = add_channel(actor=self.actor, now=clock.now(), **form.cleaned_data).value
            except Invalid as problem:
                form.explain(problem.reason, problem.fields)
            else:
                if secret:
                    return self.page(ChannelForm(), secret=secret)
                messages.success(request, f"{channel.name} is on.")
                return redirect("notices:setup")
        return self.page(form)

    def page(self, form: ChannelForm, secret: str = "") -> HttpResponse:
        """Render the page."""
        now, queue = clock.now(), outbox()
        dead = Delivery.objects.visible_to(self.actor).filter(state=DeliveryState.DEAD)
        page = Paginator(
            dead.select_related("user", "channel").order_by("-ended_at", "-pk"), PER_PAGE
        ).get_page(self.request.GET.get("page"))  # fmt: skip
        titles = {kind.key: kind.title for kind in NOTICE_KINDS}
        context: dict[str, Any] = {
            "form": form, "secret": secret, "may": can_manage_channels(self.actor), "queue": queue,
            "minutes": int(queue.age(now).total_seconds() // 60), "mail_on": mail_is_on(), "page_obj": page,
            "channels": [(row, [titles.get(key, key) for key in row.kinds]) for row in channels(self.actor)],
            "dead": [(row, titles.get(row.kind, row.kind)) for row in page.object_list],
        }  # fmt: skip
        return render(self.request, "notices/setup.html", context, status=400 if form.errors else 200)


class ChannelAct(ActorView):
    """Something done to one channel."""

    roles = (Role.SECURITY_ADMIN,)

    def channel(self, pk: UUID) -> Channel:
        """Return the channel while it is there."""
        return get_object_or_404(Channel.objects.visible_to(self.actor).present(), pk=pk)


class Switch(ChannelAct):
    """On or off."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Switch and go back."""
        channel, on = self.channel(pk), request.POST.get("enabled") == "on"
        change_channel(actor=self.actor, now=clock.now(), channel=channel, kinds=channel.kinds, enabled=on)
        messages.success(request, f"{channel.name} is {'on' if on else 'off'}.")
        return redirect("notices:setup")


class Try(ChannelAct):
    """A test message."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Owe it and go back."""
        channel = self.channel(pk)
        try_channel(actor=self.actor, now=clock.now(), channel=channel)
        messages.success(request, f"A test message is on its way to {channel.name}.")
        return redirect("notices:setup")


class Remove(ChannelAct):
    """The end of a channel."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Remove and go back."""
        channel = self.channel(pk)
        remove_channel(actor=self.actor, now=clock.now(), channel=channel)
        messages.success(request, f"{channel.name} is gone, and its address erased.")
        return redirect("notices:setup")


class Replay(ActorView):
    """Sending a message that was given up once more."""

    roles = (Role.SECURITY_ADMIN,)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Owe it again and go back."""
        dead = Delivery.objects.visible_to(self.actor).filter(state=DeliveryState.DEAD)
        replay(actor=self.actor, now=clock.now(), delivery=get_object_or_404(dead.select_related("channel"), pk=pk))
        messages.success(request, "The message is owed again, for 24 hours.")
        return redirect("notices:setup")


setup = Setup.as_view()
switch = Switch.as_view()
try_it = Try.as_view()
remove = Remove.as_view()
send_again = Replay.as_view()

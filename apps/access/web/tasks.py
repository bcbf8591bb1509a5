"""`/approvals/tasks`: access that people give and take by hand, confirmed with what proves it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.access.queries.grants import concerned_by, find_task, open_tasks
from apps.access.queries.people import who_are
from apps.access.rules.grants import can_confirm_task
from apps.access.services.manual import confirm_task
from apps.access.web.once import shown
from apps.access.web.words import time_left
from apps.core import clock
from apps.core.errors import DomainError
from apps.core.web.views import ActorView

SHOWN = 100


class Tasks(ActorView):
    """The tasks nobody has confirmed, most urgent first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show them."""
        return self._page()

    def _page(self, problem: DomainError | None = None, at: int = 0, said: str = "") -> HttpResponse:
        now = clock.now()
        rows = []
        tasks = list(open_tasks(self.actor)[:SHOWN])
        people = {pk for task in tasks for pk in concerned_by(task)}
        known = who_are(people | ({self.actor.user_id} if self.actor.user_id else set()))
        for task in tasks:
            due, tone = time_left(task.due_at, now)
            row = {"task": task, "due": due, "tone": tone, "confirm": can_confirm_task(self.actor, task, known)}
            rows.append({**row, "payload": shown(task.held) if task.held else None})
        context: dict[str, Any] = {"rows": rows, "problem": problem, "at": at, "said": said}
        return render(self.request, "access/tasks.html", context, status=problem.status if problem else 200)


class Task(Tasks):
    """POST `/approvals/tasks/<n>`: confirm one."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Confirm with proof."""
        task = find_task(self.actor, pk)
        proof = request.POST.get("proof", "")
        try:
            confirm_task(actor=self.actor, task=task, proof=proof)
        except DomainError as wrong:
            return self._page(wrong, task.pk, proof)
        messages.success(request, "Confirmed. The target is looked at next.")
        return redirect("access:tasks")


index = Tasks.as_view()
confirm = Task.as_view()

"""Adding and changing connections: test first, then save what was tested."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.connectors import queries, services
from apps.connectors.drivers import DRIVERS, Driver, TestResult
from apps.connectors.models import Connection
from apps.connectors.rules import can_manage_connections
from apps.connectors.web.forms import ConnectionForm, entered, initial
from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Conflict, DomainError, Forbidden, NotFound
from apps.core.web.views import ActorView

ADMIN = (Role.SECURITY_ADMIN,)
PROOF = "connectors.proof"


class Choose(ActorView):
    """`/setup/targets/new`: which kind."""

    roles = ADMIN

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the kinds with what each needs."""
        return render(request, "connectors/connection_choose.html", {"drivers": list(DRIVERS)})


class Trying(ActorView):
    """A page whose first button tests and whose second saves what was tested.

    Between the two, the tested values wait in the session as an encrypted proof: the page never carries a secret.
    """

    roles = ADMIN
    template_name = ""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the form."""
        self.prepare()
        return self.page(self.form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Test, or save what was tested."""
        self.prepare()
        can_manage_connections(self.actor).require()
        form = self.form(request.POST)
        if request.POST.get("action") == "save":
            return self._save(form)
        try:
            trial = self.attempt()
        except Forbidden:
            raise
        except DomainError as problem:
            form.explain(problem)
            return self.page(form, status=problem.status)
        self._keep(trial.proof)
        return self.page(form, result=trial.result, status=200 if trial.result.ok else 400)

    def prepare(self) -> None:
        """Find what the page is about; raises NotFound."""
        raise LookupError(f"{type(self).__name__} prepares nothing")

    def form(self, data: Any = None) -> ConnectionForm:
        """Return the form."""
        raise LookupError(f"{type(self).__name__} has no form")

    def attempt(self) -> services.Trial:
        """Test what was entered."""
        raise LookupError(f"{type(self).__name__} tests nothing")

    def finish(self, proof: str) -> HttpResponse:
        """Save what was tested and go on."""
        raise LookupError(f"{type(self).__name__} saves nothing")

    def surroundings(self) -> dict[str, Any]:
        """Return what the template needs beside the form."""
        return {}

    def page(self, form: ConnectionForm, *, result: TestResult | None = None, status: int = 200) -> HttpResponse:
        """Render form and result."""
        context = {"form": form, "result": result, **self.surroundings()}
        return render(self.request, self.template_name, context, status=status)

    def _save(self, form: ConnectionForm) -> HttpResponse:
        kept = self.request.session.pop(PROOF, {})
        try:
            if kept.get("for") != self.request.path:
                raise Conflict("Test the connection before you save it.")
            return self.finish(kept["proof"])
        except Conflict as problem:
            fresh = self.form(self.request.POST)
            fresh.errors.clear()
            fresh.explain(problem)
            return self.page(fresh, status=problem.status)

    def _keep(self, proof: str) -> None:
        if proof:
            self.request.session[PROOF] = {"for": self.request.path, "proof": proof}
        else:
            self.request.session.pop(PROOF, None)


class New(Trying):
    """`/setup/targets/new/<driver>`."""

    template_name = "connectors/connection_new.html"

    def prepare(self) -> None:
        """Find the driver."""
        found = DRIVERS.get(self.kwargs["driver"])
        if found is None:
            raise NotFound("There is no such kind of connection.")
        self.driver: Driver = found

    def form(self, data: Any = None) -> ConnectionForm:
        """Return the form for all fields."""
        return ConnectionForm(self.driver, data, initial=initial(self.driver))

    def attempt(self) -> services.Trial:
        """Test a new connection."""
        settings, secret = entered(self.driver, self.request.POST)
        name = self.request.POST.get("name", "")
        return services.try_new(actor=self.actor, name=name, driver=self.driver.name, settings=settings, secret=secret)

    def finish(self, proof: str) -> HttpResponse:
        """Save the new connection."""
        made: Connection = services.create(actor=self.actor, now=clock.now(), proof=proof).value
        messages.success(self.request, f"{made.name} was tested and saved.")
        return redirect("connectors:connection", key=made.pk)

    def surroundings(self) -> dict[str, Any]:
        """Return the driver."""
        return {"driver": self.driver}


class Secret(Trying):
    """`/setup/targets/<key>/secret`: replace the secret."""

    template_name = "connectors/connection_secret.html"

    def prepare(self) -> None:
        """Find the connection; one without a secret has no such page."""
        self.connection = queries.find(self.actor, self.kwargs["key"])
        self.driver = queries.driver_of(self.connection)
        if not self.driver.secret_fields:
            raise NotFound("This kind of connection has no secret.")

    def form(self, data: Any = None) -> ConnectionForm:
        """Return the form for the secret fields."""
        return ConnectionForm(self.driver, data, with_settings=False)

    def attempt(self) -> services.Trial:
        """Test the new secret."""
        unknown, secret = entered(self.driver, self.request.POST)
        return services.try_secret(actor=self.actor, connection=self.connection, secret={**unknown, **secret})

    def finish(self, proof: str) -> HttpResponse:
        """Save the new secret."""
        services.replace_secret(actor=self.actor, now=clock.now(), connection=self.connection, proof=proof)
        messages.success(self.request, f"The secret of {self.connection.name} was tested and replaced.")
        return redirect("connectors:connection", key=self.connection.pk)

    def surroundings(self) -> dict[str, Any]:
        """Return the connection and its driver."""
        return {"connection": self.connection, "driver": self.driver}


class Change(ActorView):
    """`/setup/targets/<key>/change`: name and settings."""

    roles = ADMIN

    def get(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Answer the form with what is stored."""
        connection = queries.find(self.actor, key)
        driver = queries.driver_of(connection)
        first = initial(driver, connection.settings, connection.name)
        return self._page(connection, ConnectionForm(driver, initial=first, with_secret=False))

    def post(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Save, and say so when the secret is gone."""
        connection = queries.find(self.actor, key)
        driver = queries.driver_of(connection)
        settings, undeclared = entered(driver, request.POST)
        try:
            erased = services.change(
                actor=self.actor,
                connection=connection,
                name=request.POST.get("name", ""),
                settings={**settings, **undeclared},
            ).value
        except Forbidden:
            raise
        except DomainError as problem:
            form = ConnectionForm(driver, request.POST, with_secret=False)
            form.explain(problem)
            return self._page(connection, form, problem.status)
        if erased:
            messages.warning(request, "The address changed, so the secret was erased. Enter it again.")
            return redirect("connectors:connection_secret", key=connection.pk)
        messages.success(request, "Saved.")
        return redirect("connectors:connection", key=connection.pk)

    def _page(self, connection: Connection, form: ConnectionForm, status: int = 200) -> HttpResponse:
        context = {"connection": connection, "form": form}
        return render(self.request, "connectors/connection_change.html", context, status=status)


choose = Choose.as_view()
new = New.as_view()
secret = Secret.as_view()
change = Change.as_view()

"""The page behind a one-time sign-in link. Opening it changes nothing: mail scanners open links."""

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from apps.accounts.queries import usable_link
from apps.accounts.services import use_link
from apps.accounts.services.links import GONE
from apps.accounts.web.actors import visitor
from apps.accounts.web.forms import PasswordForm, explain
from apps.core import clock
from apps.core.errors import Invalid, NotFound


@method_decorator([never_cache, sensitive_post_parameters("password", "again")], name="dispatch")
class UseLink(View):
    """Choose a password and come in."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Send the address of this page nowhere, for it is the secret (`no-referrer` makes a form's origin null)."""
        response = super().dispatch(request, *args, **kwargs)
        response["Referrer-Policy"] = "strict-origin"
        return response

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        """Show the form; nothing is used up."""
        return self._page(request, secret, PasswordForm())

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        """Use the link up, set the password and sign in; a refused password leaves the link usable."""
        form = PasswordForm(request.POST)
        if form.is_valid():
            password = form.cleaned_data["password"]
            try:
                user = use_link(actor=visitor(request), now=clock.now(), secret=secret, password=password).value
            except Invalid as problem:
                explain(form, problem)
            else:
                record_authentication(request, user, method="password")
                return perform_login(request, Login(user=user, redirect_url=reverse("accounts:security")))
        return self._page(request, secret, form)

    def _page(self, request: HttpRequest, secret: str, form: PasswordForm) -> HttpResponse:
        link = usable_link(secret, clock.now())
        if link is None:
            raise NotFound(GONE)
        context = {"form": form, "person": link.user}
        return render(request, "accounts/link_use.html", context, status=400 if form.errors else 200)


use = UseLink.as_view()

"""An MLflow tracking server with the basic-auth app (https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth)."""

from typing import Any

import httpx

from apps.connectors.drivers import fields
from apps.connectors.drivers.base import Driver, Probe, Settings, TestResult
from apps.connectors.vault import Secret
from apps.core.outbound import parse_url

API = "api/2.0/mlflow"


def address(settings: Settings) -> str:
    """Scheme, host and port of the server."""
    return parse_url(settings["base_url"]).origin


def auth(settings: Settings, secret: Secret) -> httpx.Auth:
    """Basic authentication."""
    return httpx.BasicAuth(settings["username"], secret["password"])


def test(probe: Probe) -> TestResult:
    """Read the portal's own user and one registered model."""
    username = probe.settings["username"]
    with probe.http() as client:
        user = client.get(f"{API}/users/get", params={"username": username})
        if user.status_code != 200:
            return _not_the_user(user.status_code)
        models = client.get(f"{API}/registered-models/search", params={"max_results": 1})
    is_admin = _is_admin(user)
    if is_admin is None:
        return TestResult(False, "The server answered, but not as MLflow does.")
    if models.status_code != 200:
        return TestResult(False, f"Signed in, but registered models are not readable (status {models.status_code}).")
    facts = (("Signed in as", username), ("MLflow administrator", "yes" if is_admin else "no"))
    if not is_admin:
        return TestResult(False, "Signed in, but this user may not change the permissions of others.", facts)
    return TestResult(True, "Signed in; registered models and permissions can be read.", facts)


def _not_the_user(status: int) -> TestResult:
    if status == 401:
        return TestResult(False, "The server does not accept this user and password.")
    if status == 403:
        return TestResult(False, "The server does not let this user read its own account.")
    if status == 404:
        return TestResult(False, "The server has no users: it does not run MLflow's basic-auth app.")
    return TestResult(False, f"The server answered with status {status}.")


def _is_admin(answer: httpx.Response) -> bool | None:
    try:
        body: Any = answer.json()
        found = body["user"]["is_admin"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, bool) else None


DRIVER = Driver(
    name="mlflow",
    title="MLflow",
    summary="Permissions on registered models of an MLflow server with basic authentication.",
    fields=(
        fields.Field("base_url", "Address", fields.url, help="For example https://mlflow.example.org", kind="url"),
        fields.Field("username", "User", fields.plain, help="A user of the portal's own."),
        fields.CA,
    ),
    secret_fields=(fields.Field("password", "Password", fields.password, kind="password"),),
    permissions=(
        "An MLflow administrator: only an administrator reads and sets the permissions of other users on every model.",
        "A user of its own for the portal, used by nobody else, so that MLflow's log shows who acted.",
    ),
    native_expiry=False,
    address=address,
    test=test,
    auth=auth,
    server=("base_url",),
)

"""How the OpenAPI document names the two ways of authenticating."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class TokenScheme(OpenApiAuthenticationExtension):
    """Bearer tokens."""

    target_class = "apps.accounts.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the HTTP bearer scheme."""
        return {"type": "http", "scheme": "bearer", "description": "An API token with the scope of the address."}


class SessionScheme(OpenApiAuthenticationExtension):
    """The session of a signed-in person."""

    target_class = "apps.accounts.api.authentication.SessionActorAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the cookie scheme."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}

"""Who may do what in the MLflow registry: the users of its basic-auth app on one day, with their permissions."""

from __future__ import annotations

from random import Random
from typing import Any

from apps.portal.sample.people import DOMAIN, Person

#: Permissions are exported from the seventh week on.
CONNECTED = 49
#: How long a leaver's user outlives them: nobody but the administrator removes one.
LAG = 20

#: The models that everybody of a team reads; each member edits one of them.
TEAM_MODELS = {
    "Model Engineering": (
        "credit-risk-scorer", "fraud-scorer", "intent-router", "document-classifier", "drift-sentinel",
        "telematics-risk-gbm",
    ),
    "Claims Analytics": ("claims-triage-llm", "claims-severity-gbm", "image-damage-cnn"),
}  # fmt: skip
#: What single people were given beside that, by login.
OWN = {
    "priya.raman": (("credit-risk-scorer", "MANAGE"), ("fraud-scorer", "MANAGE")),
    "ravi.gopal": (("intent-router", "MANAGE"), ("claims-severity-gbm", "EDIT")),
    "deniz.er": (("claims-triage-llm", "EDIT"),),
    "omar.khatri": (("subrogation-finder", "MANAGE"),),
    "mei.tanabe": (("image-damage-cnn", "MANAGE"),),
}
ADMINISTRATOR = f"ml-platform@{DOMAIN}"
#: The supplier's user, and the model they maintain.
SUPPLIER, MAINTAINED = "northlake-support", "intent-router"

Record = dict[str, Any]


def _given(person: Person) -> dict[str, str]:
    """The permission of one person by model: MLflow keeps one row a model."""
    models = TEAM_MODELS[person.team]
    found = dict.fromkeys(models, "READ")
    found[Random(f"{person.login}:registry").choice(models)] = "EDIT"
    return found | dict(OWN.get(person.login, ()))


def _user(number: int, name: str, rows: dict[str, str], *, is_admin: bool = False) -> Record:
    permissions = [{"name": model, "user_id": number, "permission": level} for model, level in rows.items()]
    return {
        "id": number, "username": name, "is_admin": is_admin, "experiment_permissions": [],
        "registered_model_permissions": permissions,
    }  # fmt: skip


def users(people: tuple[Person, ...], day: int) -> Record:
    """The answer of `users/list` on a story day."""
    found = [_user(1, ADMINISTRATOR, {}, is_admin=True), _user(2, SUPPLIER, {MAINTAINED: "MANAGE"})]
    for number, person in enumerate(people, 3):
        there = person.started < day and (person.leaves is None or day <= person.leaves + LAG)
        if person.team in TEAM_MODELS and there:
            found.append(_user(number, person.email, _given(person)))
    return {"users": found}

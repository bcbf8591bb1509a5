"""Every column of sealed values is among those that a change of keys encrypts anew."""

from django.apps import apps
from django.db import models

from apps.core.sealed import SEALED


def test_no_sealed_column_is_forgotten() -> None:
    found = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.name.startswith("sealed") and not isinstance(field, models.DateTimeField)
    }
    assert found
    assert found == {(place.model, place.column) for place in SEALED}

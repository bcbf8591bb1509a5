"""The database of its own under the name by which tests of other folders import it."""

from tests.conftest import postgres, template

__all__ = ["postgres", "template"]

"""Facts about principals and assets: one way for page, API, dry run, activation and decision point.

What no source tells is unknown. Each reader takes many subjects and asks the same few queries whatever their number.
"""

from apps.access.policies.assets import resource_of, resources_of
from apps.access.policies.principals import agent_of, principal_of, principals_of

__all__ = ["agent_of", "principal_of", "principals_of", "resource_of", "resources_of"]

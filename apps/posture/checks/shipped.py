"""The checks that posture itself ships, in the order of their lists; apps to the right register their own."""

from apps.posture.checks import (
    accounts_in_use,
    credentials,
    datasets,
    entitlements,
    exceptions,
    governance,
    identity,
    outsiders,
    policies,
    weights,
)
from apps.posture.spec import CheckSpec

SHIPPED: tuple[CheckSpec, ...] = (
    identity.ID_01,
    entitlements.ID_03,
    accounts_in_use.ID_04,
    accounts_in_use.ID_05,
    policies.ID_15,
    outsiders.ID_16,
    credentials.NH_01,
    credentials.NH_02,
    weights.MD_01,
    weights.MD_03,
    datasets.DA_05,
    governance.GV_01,
    governance.GV_02,
    exceptions.GV_04,
    governance.GV_07,
)

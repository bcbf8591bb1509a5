"""A target that people change by hand: no address, no secret."""

from apps.connectors.drivers.base import Driver, Probe, Settings, TestResult


def address(settings: Settings) -> str:
    """There is none."""
    return ""


def test(probe: Probe) -> TestResult:
    """There is nothing to reach."""
    return TestResult(True, "People carry this out; there is nothing to reach.")


DRIVER = Driver(
    name="manual",
    title="By hand",
    summary="Somebody grants and removes the access and records the proof.",
    fields=(),
    secret_fields=(),
    permissions=("None: the portal only assigns the task and keeps the proof.",),
    native_expiry=False,
    address=address,
    test=test,
    watched=False,
)

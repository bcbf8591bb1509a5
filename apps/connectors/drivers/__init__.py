"""Drivers: one module per product, registered in the open."""

from apps.connectors.drivers import manual, mlflow, postgresql, webhook
from apps.connectors.drivers.base import DRIVERS, Driver, Probe, TestResult

__all__ = ["DRIVERS", "Driver", "Probe", "TestResult", "register"]


def register() -> None:
    """Register the portal's own drivers; called once from `ready()`."""
    for driver in (mlflow.DRIVER, postgresql.DRIVER, webhook.DRIVER, manual.DRIVER):
        DRIVERS.register(driver.name, driver)

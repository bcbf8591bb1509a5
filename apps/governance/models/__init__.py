"""Exceptions with their votes, and how long one may last."""

from apps.governance.models.exception import ExceptionVote, RiskException
from apps.governance.models.forgotten import ForgottenException
from apps.governance.models.limit import ExceptionLimit, ExceptionNumber

__all__ = ["ExceptionLimit", "ExceptionNumber", "ExceptionVote", "ForgottenException", "RiskException"]

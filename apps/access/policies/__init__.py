"""Access policies in Cedar: their language, the facts they speak of, and their answers (governance.md §5, "PDP")."""

from apps.access.policies.deciding import evaluate, evaluate_many
from apps.access.policies.questions import Ctx, PolicyAnswer, Principal, Question, Resource

__all__ = ["Ctx", "PolicyAnswer", "Principal", "Question", "Resource", "evaluate", "evaluate_many"]

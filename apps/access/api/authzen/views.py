"""OpenID AuthZEN Authorization API 1.0: evaluation, evaluations, search and metadata."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core import signing
from rest_framework.request import Request
from rest_framework.response import Response

from apps.access.api.authzen.base import AuthzenView, absolute
from apps.access.api.authzen.parse import Malformed, items_of, question_of
from apps.access.decisions.questions import DOMAINS, Answer, Question, decide
from apps.core import clock

ENOUGH = {"deny_on_first_deny": False, "permit_on_first_permit": True}
SEMANTICS = {"execute_all", *ENOUGH}
PAGE, MAX_PAGE = 50, 200
TOKEN_SALT = "access.search"  # noqa: S105


def written(answer: Answer) -> dict[str, Any]:
    """Return a decision as it is sent; a requestable denial says where to ask."""
    if not answer.context:
        return {"decision": answer.decision}
    context = dict(answer.context)
    if "access_request" in context:
        context["access_request"] = {"endpoint": absolute("authzen:requests"), **context["access_request"]}
    return {"decision": answer.decision, "context": context}


class Evaluation(AuthzenView):
    """One decision."""

    def post(self, request: Request) -> Response:
        """Answer 200 with the decision; 400 for a malformed question."""
        question = question_of(self.body(request))
        return Response(written(decide(self.caller, [question], clock.now())[0]))


class Evaluations(AuthzenView):
    """Many decisions at once; without `evaluations` as `Evaluation`."""

    def post(self, request: Request) -> Response:
        """Answer 200 with the decisions in order; a malformed item is a denial of its own."""
        body = self.body(request)
        items = items_of(body)
        if items is None:
            return Response(written(decide(self.caller, [question_of(body)], clock.now())[0]))
        return Response({"evaluations": [written(answer) for answer in self._answers(items, _semantic(body))]})

    def _answers(self, items: list[Mapping[str, Any]], semantic: str) -> list[Answer]:
        answers: list[Answer | None] = []
        questions: list[Question] = []
        for item in items:
            try:
                questions.append(question_of(item))
                answers.append(None)
            except Malformed as problem:
                answers.append(Answer(False, {"error": {"status": 400, "message": str(problem)}}))
        decided = iter(decide(self.caller, questions, clock.now()))
        full = [next(decided) if answer is None else answer for answer in answers]
        stop = ENOUGH.get(semantic)
        last = next((i for i, answer in enumerate(full) if answer.decision is stop), len(full) - 1)
        return full[: last + 1]


def _semantic(body: Mapping[str, Any]) -> str:
    options = body.get("options") or {}
    if not isinstance(options, dict):
        raise Malformed("options must be an object.")
    semantic = options.get("evaluations_semantic", "execute_all")
    if not isinstance(semantic, str) or semantic not in SEMANTICS:
        raise Malformed(f"options.evaluations_semantic must be one of {', '.join(sorted(SEMANTICS))}.")
    return semantic


class Search(AuthzenView):
    """Who may do this, to what, or what: `part` is what is sought."""

    part = ""

    def post(self, request: Request) -> Response:
        """Answer 200 with the entities found, a page at a time; nothing known is nothing found."""
        body = self.body(request)
        question = question_of(body, self.part)
        after, limit = self._page(body, question)
        domain = DOMAINS.get(question.resource.type)
        if domain is None:
            return Response({"results": [], "page": {"next_token": ""}})
        search = {"subject": domain.subjects, "resource": domain.resources, "action": domain.actions}[self.part]
        page = search(self.caller, question, clock.now(), after, limit)
        token = signing.dumps([self._what(question), page.after, limit], salt=TOKEN_SALT) if page.after else ""
        results = [self._entity(question, found) for found in page.found]
        return Response({"results": results, "page": {"next_token": token, "count": len(results)}})

    def _entity(self, question: Question, found: str) -> dict[str, str]:
        if self.part == "action":
            return {"name": found}
        return {"type": question.subject.type if self.part == "subject" else question.resource.type, "id": found}

    def _what(self, question: Question) -> list[str]:
        """Return what has to stay the same from page to page."""
        asked = (question.subject.type, question.subject.id, question.action.name, question.resource.id)
        return [self.part, str(self.caller.id), *asked]

    def _page(self, body: Mapping[str, Any], question: Question) -> tuple[str, int]:
        page = body.get("page") or {}
        if not isinstance(page, dict):
            raise Malformed("page must be an object.")
        limit = page.get("limit", PAGE)
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise Malformed("page.limit must be a number from 1.")
        token = page.get("token")
        if not token:
            return "", min(limit, MAX_PAGE)
        try:
            what, after, size = signing.loads(str(token), salt=TOKEN_SALT, max_age=3600)
        except signing.BadSignature:
            raise Malformed("page.token is not from here, or too old.") from None
        if what != self._what(question):
            raise Malformed("page.token belongs to another question.")
        return after, min(page.get("limit", size), MAX_PAGE)


class Metadata(AuthzenView):
    """`/.well-known/authzen-configuration`: what this decision point offers. Open to everyone, it tells no secret."""

    authentication_classes = []
    permission_classes = []

    def get(self, request: Request) -> Response:
        """Answer the endpoints, absolute."""
        return Response(
            {
                "policy_decision_point": settings.ZTPORTAL_ORIGIN.rstrip("/"),
                "access_evaluation_endpoint": absolute("authzen:evaluation"),
                "access_evaluations_endpoint": absolute("authzen:evaluations"),
                "search_subject_endpoint": absolute("authzen:search_subject"),
                "search_resource_endpoint": absolute("authzen:search_resource"),
                "search_action_endpoint": absolute("authzen:search_action"),
                "jwks_uri": absolute("authzen:jwks"),
                "access_request_endpoint": absolute("authzen:requests"),
                "capabilities": ["urn:openid:authzen:capability:access-request"],
            }
        )

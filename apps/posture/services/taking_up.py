"""Taking up exceptions that began or ended between two runs: a run of no check, published at once.

So results, totals and scores say `accepted` within seconds of the last signature, and fail again within seconds of
the end, without evaluating anything.
"""

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Conflict, Invalid
from apps.posture.models import Run
from apps.posture.queries.runs import last_published, open_run
from apps.posture.services.accepting import to_turn
from apps.posture.services.lease import claim, new_worker
from apps.posture.services.publishing import publish_run
from apps.posture.services.runs import check_moment, create_run
from apps.posture.states import RUN_MACHINE, RunState, Trigger

ACTOR = system("reconciler")


def take_up_exceptions() -> int:
    """Publish a run that turns what exceptions cover, if anything has to turn; return how many results did.

    Two queries while nothing has to. A run at work takes them up itself.
    """
    now = clock.now()
    if last_published() is None or not to_turn(None, now.date()).exists() or open_run() is not None:
        return 0
    try:
        check_moment(now, now)
        run = create_run(ACTOR, now, now, trigger=Trigger.EXCEPTION)
        worker = new_worker()
        claim(run.pk, worker, now)
        RUN_MACHINE.move(
            Run.objects.filter(claimed_by=worker), pk=run.pk, before=RunState.RUNNING, after=RunState.PUBLISHING
        )
        published: Run = publish_run(actor=ACTOR, number=run.pk, worker=worker, now=now).value
    except (Conflict, Invalid):
        return 0
    return published.written

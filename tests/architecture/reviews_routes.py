"""Rows of the pages and of the API of reviews. Who sees a review and has no sheet in it is sent to its overview."""

from tests.architecture.matrix import CALLERS, CISO_ADMIN, PEOPLE, WIDE, Row

REVIEWERS = frozenset({"manager", "outsider"})
SHOWN = {"choice": "keep", "digest": "0" * 64}

REVIEWS = [
    Row("reviews:index", PEOPLE, 200, 400),
    Row("reviews:new", CISO_ADMIN, 200, 400),
    Row("reviews:sheet", PEOPLE, (200, 302), of="review"),
    # Signed answers are being carried out in it, so it is not cancelled, which is told to whoever may cancel.
    Row(
        "reviews:overview", PEOPLE, 200, 409, post_by=CISO_ADMIN, of="review",
        data={"do": "cancel", "reason": "Drawn up wrongly"},
    ),
    Row("reviews:item", PEOPLE, (200, 302), (302, 409), of="review_item", data={"do": "keep", "digest": "0" * 64}),
    Row("reviews:sample", PEOPLE, None, (302, 400), of="review"),
    Row("reviews:bulk", PEOPLE, (200, 302), (302, 409), of="review", extra={"choice": "revoke"}),
    # What is not sealed has no evidence to take away yet, which is told on its page.
    Row("reviews:evidence", PEOPLE, (200, 302), get_by=WIDE, of="review"),
    Row("reviews:campaigns", PEOPLE, extra={"export": "csv"}),
    Row("reviews:items", PEOPLE, get_by=WIDE, of="review", extra={"export": "json"}),
    Row("reviews:sheet_items", PEOPLE, (200, 302), of="review", extra={"export": "csv"}),
    Row("reviews:removals", PEOPLE, of="review", extra={"export": "csv"}),
    # An item that is not asked about is told in place.
    Row("reviews:second", CISO_ADMIN, 200, 409, of="review"),
    Row("reviews:sign", PEOPLE, (200, 302), (302, 409), of="review"),
    Row("reviews:removal", PEOPLE, None, 302, of="review_removal", data={"do": "done", "proof": "Seen in the console"}),
]  # fmt: skip

REVIEWS_API = [
    Row("review-list", CALLERS),
    Row("review-detail", CALLERS, of="api_review"),
    Row("review-item-list", CALLERS),
    Row("review-item-detail", CALLERS, of="api_review_item"),
    # Not what was shown; nobody else gets as far as being told that.
    Row("review-item-decide", CALLERS, None, 409, post_by=REVIEWERS, of="api_review_item", data=SHOWN),
    Row("review-item-withdraw", CALLERS, None, 409, post_by=REVIEWERS, of="api_review_item"),
]

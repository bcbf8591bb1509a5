"""Access reviews: campaigns certify access item by item, and a revoke is closed only when the access is seen gone.

Models
    Series      a saved scope, once or recurring (`next_on`: the day its next campaign opens by itself).
    Campaign    `draft → staged → active(stage k) → sealed → remediating → verifying → closed`, or `cancelled`.
    Seat        a reviewer's sheet in a stage; `signed_at` once signed.
    Item        one access: the snapshot (never changes once it has its `digest`), pile, reviewer, state and the
                decision that counts now. `open → decided → sealed → remediating → verified | failed | moot |
                risk_accepted`; a kept item ends `sealed`. `reason_list` are `states.Reason` values.
    Routing     why an item moved from one reviewer to another.
    Decision    append-only answers; the latest before sealing counts. `defaulted`: the policy's, never a vote.
    Sample      the five random items to decide before keeping the rest at once, with its seed.
    Bulk        several items decided at once, with the digest of the previewed set.
    Removal     how one revoked access is taken away, by when and by whom; Proof: what was done and seen.
    Watched     last known team, owner and data class, whose change opens a micro-review.

Services (keywords only, `actor` first; each returns Changed or Unchanged with `.value`; Forbidden, Conflict, Invalid)
    campaigns.save_series(actor, name, scope, stages, frequency, first_on=None, default_choice, grace_days,
        removal_days) → Series;  campaigns.stop_series(actor, series)
    campaigns.draft(actor, name, scope, stages, series=None, default_choice, grace_days, removal_days) → Campaign
    staging.stage(actor, campaign) → Campaign;  campaigns.unstage(actor, campaign)
    campaigns.open_campaign(actor, campaign, snapshot_hash) → Campaign;  campaigns.cancel(actor, campaign, reason)
    deciding.decide(actor, item, choice, digest, note="", less=None, on_behalf_of=None) → Item
    deciding.withdraw(actor, item, on_behalf_of=None) → Item
    rerouting.not_mine(actor, item, to, note="") → Item
    bulk.draw_sample(actor, campaign, seed="", on_behalf_of=None) → Sample
    bulk.bulk_decide(actor, campaign, choice, digest, on_behalf_of=None) → Bulk
        (`digest` from queries.bulk.preview(campaign, reviewer_id, choice))
    sealing.sign(actor, campaign, on_behalf_of=None) → Seat
    removal.done_by_hand(actor, removal, proof) → Removal
    accepting.accept(actor, exception) → Item (the one exception object of governance, kind `review_item`, is in force)
    seconding.second(actor, item, choice, digest) → Decision (a sampled second look, compared only)
    forgetting.forget_sample(actor) (the sample organisation only)
The reconciler's part is in services.reconciling, .removal (remove_due) and .series (open_due_series).

What other apps own becomes reviewable through `apps.core.reviewables.REVIEWABLES`.
"""

"""What can go wrong with a call to an outside system. Reasons may be shown: they hold no secret and no answer."""


class OutboundError(Exception):
    """The call has no result; `reason` says why in words for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutboundRefused(OutboundError):
    """The portal itself refuses: the address is not one it may call, or the answer is not one it may take."""


class OutboundUnavailable(OutboundError):
    """Nothing was sent: the connection is switched off, paused after failures, busy, or has no secret."""


class OutboundFailed(OutboundError):
    """The target could not be reached, or broke off; what was asked may have been done all the same."""


class OutboundTimeout(OutboundFailed):
    """The target did not answer in time; what was asked may have been done all the same."""

"""Errors of asking for a second person and of deciding."""

from payments.kernel.errors import Conflict, NotAllowed, NotFound


class ApprovalNotFound(NotFound):
    """There is no such approval."""

    code = "approval_not_found"


class ApprovalDecided(Conflict):
    """This was decided already. Open it to see what became of it."""

    code = "approval_decided"


class ApprovalWaits(Conflict):
    """The same is waiting for a second person already. See the page Approvals."""

    code = "approval_waits"


class OwnApproval(NotAllowed):
    """You asked for this yourself: another operator has to decide it."""

    code = "approver_is_proposer"

"""Errors of registration, activation and login."""

from payments.kernel.errors import Conflict, NotAllowed, NotAuthenticated, NotFound


class LoginTaken(Conflict):
    """This login is taken."""

    code = "login_taken"


class InvalidCredentials(NotAuthenticated):
    """Login and password do not belong together."""

    code = "invalid_credentials"


class UserInactive(NotAllowed):
    """This user is not active."""

    code = "user_inactive"


class UserActive(Conflict):
    """This user is active already."""

    code = "user_active"


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user_not_found"


class ActivationTokenInvalid(NotFound):
    """This activation link is wrong, used or expired."""

    code = "activation_token_invalid"

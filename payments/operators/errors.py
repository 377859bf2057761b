"""Errors of operators and their login."""

from payments.kernel.errors import Conflict, InvalidBody, NotAuthenticated, NotFound


class OperatorNotFound(NotFound):
    """There is no operator with this login. The page Operators lists them."""

    code = "operator_not_found"


class OperatorExists(Conflict):
    """This login is taken; logins are never given to somebody else. Choose another one."""

    code = "operator_exists"


class InvalidLogin(InvalidBody):
    """A login is 1 to 64 of a-z, 0-9 and . _ @ -, beginning with a letter or a digit."""

    code = "invalid_login"


class LinkInvalid(NotFound):
    """This link is wrong, used or expired. Ask an administrator for a new one."""

    code = "link_invalid"


class WeakPassword(InvalidBody):
    """A password has 12 to 200 characters and is not the login."""

    code = "weak_password"


class WrongCredentials(NotAuthenticated):
    """Login and password do not belong together."""

    code = "invalid_credentials"


class WrongCode(NotAuthenticated):
    """This code is wrong or was used before. Wait for the next one, or use a recovery code."""

    code = "invalid_code"


class LastAdmin(Conflict):
    """This is the last active administrator. Make another one first."""

    code = "last_admin"

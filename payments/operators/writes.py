"""Writes of operators. None moves money; each records its action in the same transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.operators.action import Action, Doer, Subject, record
from payments.operators.credentials import checked_login
from payments.operators.errors import LastAdmin, LinkInvalid, OperatorExists, OperatorNotFound
from payments.operators.queries import SELECT, Operator, operator_of
from payments.operators.status import Role
from payments.operators.tables import operator_links, operator_recovery_codes, operators
from payments.operators.token import digest, new_token

LINK_LIFE: Final = timedelta(hours=24)


async def record_action(engine: AsyncEngine, action: Action, now: datetime) -> None:
    """Record an action that changes nothing here: an operation, an export."""
    async with engine.begin() as connection:
        await record(connection, action, now)


async def create_operator(
    engine: AsyncEngine,
    login: str,
    role: Role,
    *,
    by: Doer,
    now: datetime,
    must_use_second_factor: bool = False,
) -> str:
    """Create an operator without a password; the token of a link to set it, shown here only.

    Raises 422 `invalid_login`, 409 `operator_exists`.
    """
    login = checked_login(login)
    values = {
        "login": login,
        "role": role.value,
        "must_use_second_factor": must_use_second_factor,
        "created_at": now,
    }
    insert = (
        postgresql.insert(operators)
        .values(values)
        .on_conflict_do_nothing(index_elements=[operators.c.login])
        .returning(operators.c.id)
    )
    async with engine.begin() as connection:
        operator_id = (await connection.execute(insert)).scalar_one_or_none()
        if operator_id is None:
            raise OperatorExists
        after = {"role": role.value, "must_use_second_factor": must_use_second_factor}
        await record(connection, _action(by, "operator.create", login, after=after), now)
        return await _new_link(connection, operator_id, now)


async def reset_operator(engine: AsyncEngine, login: str, *, by: Doer, now: datetime) -> str:
    """Take password and second factor away, end the sessions; the token of a new link.

    Raises 404 `operator_not_found`.
    """
    async with engine.begin() as connection:
        operator = await _locked(connection, login)
        changes = {"password_hash": None, "totp_sealed": None, "totp_step": 0}
        await _change(connection, operator, {**changes, **_next_generation(operator)})
        await _forget_recovery_codes(connection, operator.id)
        await record(connection, _action(by, "operator.reset", operator.login), now)
        return await _new_link(connection, operator.id, now)


async def set_disabled(
    engine: AsyncEngine, login: str, *, is_disabled: bool, by: Doer, now: datetime
) -> None:
    """Disable an operator and end the sessions, or enable one again.

    Raises 404 `operator_not_found`, 409 `last_admin`.
    """
    async with engine.begin() as connection:
        await _keep_an_admin(connection, login, is_leaving=is_disabled)
        operator = await _locked(connection, login)
        if is_disabled:
            await _revoke_links(connection, operator.id, now)
        await _change(
            connection, operator, {"is_disabled": is_disabled, **_next_generation(operator)}
        )
        action = "operator.disable" if is_disabled else "operator.enable"
        await record(connection, _action(by, action, operator.login), now)


async def set_role(engine: AsyncEngine, login: str, role: Role, *, by: Doer, now: datetime) -> None:
    """Give another role. Raises 404 `operator_not_found`, 409 `last_admin`."""
    async with engine.begin() as connection:
        await _keep_an_admin(connection, login, is_leaving=role is not Role.ADMIN)
        operator = await _locked(connection, login)
        await _change(connection, operator, {"role": role.value})
        change = _action(
            by, "operator.role", operator.login, {"role": operator.role}, {"role": role.value}
        )
        await record(connection, change, now)


async def require_second_factor(
    engine: AsyncEngine, login: str, *, is_required: bool, by: Doer, now: datetime
) -> None:
    """Say whether the operator must use a second factor. Raises 404 `operator_not_found`."""
    name = "must_use_second_factor"
    async with engine.begin() as connection:
        operator = await _locked(connection, login)
        await _change(connection, operator, {name: is_required})
        before, after = {name: operator.must_use_second_factor}, {name: is_required}
        change = _action(by, "operator.second_factor", operator.login, before, after)
        await record(connection, change, now)


async def end_sessions(engine: AsyncEngine, login: str, *, by: Doer, now: datetime) -> None:
    """Log the operator out everywhere. Raises 404 `operator_not_found`."""
    async with engine.begin() as connection:
        operator = await _locked(connection, login)
        await _change(connection, operator, _next_generation(operator))
        await record(connection, _action(by, "operator.end_sessions", operator.login), now)


async def use_link(
    engine: AsyncEngine, token: str, password_hash: str, *, address: str, now: datetime
) -> str:
    """Set the password by a link, which works once; the login. Raises 404 `link_invalid`."""
    links = operator_links.c
    is_good = (links.digest == digest(token)) & links.used_at.is_(None) & (links.expires_at > now)
    use = operator_links.update().where(is_good).values(used_at=now).returning(links.operator_id)
    async with engine.begin() as connection:
        operator_id = (await connection.execute(use)).scalar_one_or_none()
        if operator_id is None:
            raise LinkInvalid
        query = SELECT.where(operators.c.id == operator_id).with_for_update()
        operator = operator_of((await connection.execute(query)).one())
        if operator.is_disabled:
            raise LinkInvalid
        await _set_password(connection, operator, password_hash)
        doer = Doer(operator.login, address)
        await record(connection, _action(doer, "operator.password", operator.login), now)
    return operator.login


async def change_password(
    engine: AsyncEngine, login: str, password_hash: str, *, by: Doer, now: datetime
) -> None:
    """Change the password; every session ends."""
    async with engine.begin() as connection:
        operator = await _locked(connection, login)
        await _set_password(connection, operator, password_hash)
        await record(connection, _action(by, "operator.password", operator.login), now)


async def enrol_second_factor(
    engine: AsyncEngine,
    login: str,
    *,
    sealed: bytes,
    step: int,
    codes: Sequence[str],
    by: Doer,
    now: datetime,
) -> None:
    """Keep the sealed secret whose code was shown, and the hashes of the recovery codes."""
    async with engine.begin() as connection:
        operator = await _locked(connection, login)
        await _change(connection, operator, {"totp_sealed": sealed, "totp_step": step})
        await _forget_recovery_codes(connection, operator.id)
        rows = [{"operator_id": operator.id, "digest": digest(code)} for code in codes]
        await connection.execute(operator_recovery_codes.insert(), rows)
        await record(connection, _action(by, "second_factor.enrol", operator.login), now)


async def use_step(engine: AsyncEngine, operator_id: int, step: int) -> bool:
    """Mark a time step as used; False when it, or a newer one, was used before."""
    c = operators.c
    use = operators.update().where(c.id == operator_id, c.totp_step < step).values(totp_step=step)
    async with engine.begin() as connection:
        return (await connection.execute(use)).rowcount == 1


async def use_recovery_code(
    engine: AsyncEngine, operator: Operator, code: str, *, by: Doer, now: datetime
) -> bool:
    """Use a recovery code; False when it is wrong or used."""
    c = operator_recovery_codes.c
    is_good = (c.operator_id == operator.id) & (c.digest == digest(code)) & c.used_at.is_(None)
    async with engine.begin() as connection:
        use = operator_recovery_codes.update().where(is_good).values(used_at=now)
        if (await connection.execute(use)).rowcount != 1:
            return False
        await record(connection, _action(by, "second_factor.recovery", operator.login), now)
    return True


def _action(
    by: Doer,
    action: str,
    login: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Action:
    subject = Subject("operator", login)
    return Action(doer=by, action=action, subject=subject, before=before or {}, after=after or {})


async def _locked(connection: AsyncConnection, login: str) -> Operator:
    query = SELECT.where(operators.c.login == login.strip().lower()).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise OperatorNotFound
    return operator_of(row)


async def _keep_an_admin(connection: AsyncConnection, login: str, *, is_leaving: bool) -> None:
    """Raise `LastAdmin` when nobody would be left. All admins are locked, in the order of ids."""
    c = operators.c
    is_admin = (c.role == Role.ADMIN.value) & c.is_disabled.is_(False)
    query = sa.select(c.login).where(is_admin).order_by(c.id).with_for_update()
    admins = (await connection.execute(query)).scalars().all()
    if is_leaving and list(admins) == [login.strip().lower()]:
        raise LastAdmin


async def _set_password(
    connection: AsyncConnection, operator: Operator, password_hash: str
) -> None:
    changes = {"password_hash": password_hash, **_next_generation(operator)}
    await _change(connection, operator, changes)


async def _change(
    connection: AsyncConnection, operator: Operator, values: Mapping[str, Any]
) -> None:
    await connection.execute(
        operators.update().where(operators.c.id == operator.id).values(**values)
    )


def _next_generation(operator: Operator) -> dict[str, int]:
    """Every session that is there now ends."""
    return {"generation": operator.generation + 1}


async def _new_link(connection: AsyncConnection, operator_id: int, now: datetime) -> str:
    await _revoke_links(connection, operator_id, now)
    token = new_token()
    values = {
        "digest": digest(token),
        "operator_id": operator_id,
        "expires_at": now + LINK_LIFE,
    }
    await connection.execute(operator_links.insert().values(values))
    return token


async def _revoke_links(connection: AsyncConnection, operator_id: int, now: datetime) -> None:
    links = operator_links.c
    left = (links.operator_id == operator_id) & links.used_at.is_(None)
    await connection.execute(operator_links.update().where(left).values(used_at=now))


async def _forget_recovery_codes(connection: AsyncConnection, operator_id: int) -> None:
    same = operator_recovery_codes.c.operator_id == operator_id
    await connection.execute(operator_recovery_codes.delete().where(same))

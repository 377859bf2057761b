"""The embedded servers: durable, private, alone on their data, and hard to confuse."""

import concurrent.futures
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from payments.embedded import postgres, redis
from payments.embedded.datadir import DataDir, DataDirBusyError
from payments.embedded.process import EmbeddedError
from payments.embedded.servers import (
    Servers,
    Urls,
    borrowed_urls,
    connection_urls,
    start_servers,
)
from tests.fixtures.servers import temporary_data_dir

pytestmark = pytest.mark.xdist_group("embedded")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory of this test, erased with everything outside it."""
    path = temporary_data_dir()
    yield path
    DataDir(path).erase()


def remember(servers: Servers, word: str) -> None:
    """Write a word to both servers."""
    statement = "CREATE TABLE IF NOT EXISTS words AS SELECT NULL::text AS word WHERE false"
    postgres.query(servers.database_url, statement)
    postgres.query(servers.database_url, f"INSERT INTO words VALUES ('{word}')")
    with redis.client(servers.redis_url) as client:
        client.xadd("words", {"word": word})


def remembered(servers: Servers) -> tuple[str | None, int]:
    """Read the words back: the newest from PostgreSQL, their number in Redis."""
    word = postgres.query(servers.database_url, "SELECT string_agg(word, ',') FROM words")
    with redis.client(servers.redis_url) as client:
        length = client.xlen("words")
    assert isinstance(length, int)
    return word, length


def mode(path: Path) -> int:
    """Permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_data_are_kept_across_a_stop(data_dir: Path) -> None:
    with start_servers(data_dir) as servers:
        remember(servers, "kept")
    with start_servers(data_dir) as servers:
        assert remembered(servers) == ("kept", 1)


def test_acknowledged_writes_survive_sigkill_of_both_servers(private_servers: Servers) -> None:
    remember(private_servers, "survives")
    for child in private_servers.children:
        child.kill()
    for child in private_servers.children:
        child.revive()
    assert remembered(private_servers) == ("survives", 1)


def test_redis_runs_with_the_durable_settings(private_servers: Servers) -> None:
    with redis.client(private_servers.redis_url) as client:
        for name, value in redis.DURABLE.items():
            assert client.config_get(name) == {name: value}
        assert client.config_get("maxmemory") == {"maxmemory": str(1024**3)}


def test_postgres_runs_with_the_durable_settings(private_servers: Servers) -> None:
    for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert postgres.query(private_servers.database_url, f"SHOW {name}") == "on"


def test_nothing_listens_on_tcp(private_servers: Servers) -> None:
    assert postgres.query(private_servers.database_url, "SHOW listen_addresses") == ""
    with redis.client(private_servers.redis_url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_a_wrong_password_is_refused(private_servers: Servers) -> None:
    data = private_servers.data
    for url in (private_servers.database_url, private_servers.redis_url):
        assert data.secret("postgres") in url or data.secret("redis") in url
    wrong = private_servers.database_url.replace(data.secret("postgres"), "wrong")
    with pytest.raises(EmbeddedError, match="password"):
        postgres.check_reachable(wrong)
    with pytest.raises(EmbeddedError, match=r"(?i)password"):
        redis.check_reachable(private_servers.redis_url.replace(data.secret("redis"), "wrong"))


def test_files_are_private(private_servers: Servers) -> None:
    data = private_servers.data
    assert mode(data.path) in {0o700, 0o710}
    assert mode(data.path / "secrets.json") == mode(data.state) == 0o600
    for name in ("postgres", "redis"):
        assert mode(data.home(name)) == 0o700


def test_a_second_start_on_the_same_data_refuses_and_names_the_first(
    private_servers: Servers,
) -> None:
    with pytest.raises(DataDirBusyError, match=rf"pid {os.getpid()}"):
        start_servers(private_servers.data.path)
    assert postgres.query(private_servers.database_url, "SELECT 1") == "1"


@pytest.mark.parametrize("pid", ["ours", "1", "999999", "nonsense", ""])
def test_a_stale_pid_file_is_survived(data_dir: Path, pid: str) -> None:
    with start_servers(data_dir) as servers:
        remember(servers, "old")
    data = DataDir(data_dir)
    text = str(os.getpid()) if pid == "ours" else pid
    rest = "\n".join([str(data.home("postgres")), "1", "5432", str(data_dir / "run"), "", "1 2"])
    (data.home("postgres") / "postmaster.pid").write_text(f"{text}\n{rest}\n")
    (data.home("redis") / "redis.pid").write_text(f"{text}\n")
    with start_servers(data_dir) as servers:
        assert remembered(servers) == ("old", 1)


def test_an_interrupted_first_start_leaves_no_half_made_cluster(data_dir: Path) -> None:
    half = data_dir / ".postgres-cut" / "cluster"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with start_servers(data_dir) as servers:
        assert postgres.query(servers.database_url, "SELECT 1") == "1"


def test_data_of_another_postgres_are_refused_with_a_way_out(data_dir: Path) -> None:
    with start_servers(data_dir):
        pass
    (DataDir(data_dir).home("postgres") / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="pg_dump"):
        start_servers(data_dir)
    assert not DataDir(data_dir).locked()


def test_data_of_a_newer_redis_are_refused(data_dir: Path) -> None:
    data_dir.mkdir(exist_ok=True)
    DataDir(data_dir).write_private("redis.json", {"version": "99.1.0"})
    with pytest.raises(EmbeddedError, match=r"99\.1\.0"):
        start_servers(data_dir)


def test_a_path_too_long_for_sockets_still_works(data_dir: Path) -> None:
    deep = data_dir / ("long" * 20) / ("deep" * 20)
    try:
        with start_servers(deep) as servers:
            assert servers.postgres is not None
            remember(servers, "deep")
            assert remembered(servers) == ("deep", 1)
            sockets = Path(servers.redis_url.split("@")[1].split("?")[0]).parent
            assert sockets.is_dir()
        assert not sockets.exists()
    finally:
        DataDir(deep).erase()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as somebody else")
def test_root_keeps_data_where_the_servers_can_reach_them(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    inner = closed / "data"
    try:
        with start_servers(inner) as servers:
            remember(servers, "outside")
            assert not servers.data.home("postgres").is_relative_to(closed)
        with start_servers(inner) as servers:
            assert remembered(servers) == ("outside", 1)
            outside = servers.data.home("postgres").parent
        assert mode(closed) == 0o700
    finally:
        DataDir(inner).erase()
    assert not outside.exists()


def test_others_find_running_servers_and_borrow_stopped_ones(data_dir: Path) -> None:
    with pytest.raises(EmbeddedError, match="payments up"), borrowed_urls(data_dir / "none"):
        pass
    with start_servers(data_dir) as servers:
        expected = Urls(servers.database_url, servers.redis_url)
        assert connection_urls(data_dir) == expected
        with borrowed_urls(data_dir) as found:
            assert found == expected
    assert connection_urls(data_dir) is None
    with borrowed_urls(data_dir) as found:
        assert postgres.query(found.database_url, "SELECT 1") == "1"
    assert not DataDir(data_dir).locked()


def test_given_urls_are_used_instead_of_starting(private_servers: Servers, data_dir: Path) -> None:
    with start_servers(
        data_dir,
        database_url=private_servers.database_url,
        redis_url=private_servers.redis_url,
    ) as servers:
        assert servers.children == ()
        assert servers.database_url == private_servers.database_url


def test_given_urls_that_do_not_answer_are_refused(data_dir: Path) -> None:
    with pytest.raises(EmbeddedError, match="PostgreSQL given by URL"):
        start_servers(data_dir, database_url="postgresql://x:y@127.0.0.1:1/z", redis_url="")
    with pytest.raises(EmbeddedError, match="Redis given by URL"):
        redis.check_reachable("redis://127.0.0.1:1/0")


def test_servers_are_started_from_the_main_thread_only(data_dir: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        started = pool.submit(start_servers, data_dir)
    with pytest.raises(EmbeddedError, match="main thread"):
        started.result()
    assert not DataDir(data_dir).locked()


async def test_servers_start_inside_a_running_event_loop(data_dir: Path) -> None:
    with start_servers(data_dir) as servers:
        assert postgres.query(servers.database_url, "SELECT 1") == "1"


def test_without_a_redis_binary_nothing_starts_and_the_advice_is_in_words(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payments.embedded.binaries._redis_candidates", list)
    with pytest.raises(EmbeddedError, match="install redis-server or valkey-server"):
        start_servers(data_dir)
    assert not DataDir(data_dir).locked()

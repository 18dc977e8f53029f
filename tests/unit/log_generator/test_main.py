"""The command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner

from tests.log_generator import generate_logs
from tests.log_generator.__main__ import main


def test_logs_are_written_at_their_keys(tmp_path: Path) -> None:
    arguments = ["--out", str(tmp_path), "--logs", "6", "--seed", "9", "--start", "2024-07-01T06:00"]
    result = CliRunner().invoke(main, [*arguments, "--hours", "2", "--duplicates", "0.5", "--no-story"])
    assert result.exit_code == 0, result.output
    start = datetime(2024, 7, 1, 6, tzinfo=UTC)
    logs = list(generate_logs(9, 6, start, duration=timedelta(hours=2), duplicates=0.5, story=False))
    assert {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*.gz")} == {
        log.key: log.body for log in logs
    }
    assert result.output == f"6 logs, {sum(log.record_count for log in logs)} records in {tmp_path}\n"

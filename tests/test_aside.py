"""The process that works beside this one."""

from __future__ import annotations

import os
import re
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from dxreport import aside as module
from dxreport.aside import Aside, aside, stay_here
from dxreport.charts.making import figures
from dxreport.errors import DxError, UsageError, place_of
from dxreport.periods import Month


@pytest.fixture(scope="module")
def process() -> Aside:
    return Aside()


def test_it_works_in_another_process(process: Aside) -> None:
    assert process.ask(os.getpid).result() not in (0, os.getpid())
    assert process.ask(Decimal, "1.50").result() == Decimal("1.50")
    assert process.ask(sorted, ["b", "a"], reverse=False).result() == ["a", "b"]


def test_what_a_task_prints_is_no_answer(process: Aside) -> None:
    assert process.ask(print, "said").result() is None
    assert process.ask(os.write, 1, b"said").result() == 4
    assert process.ask(abs, -1).result() == 1


def test_what_a_task_raises_is_raised_here_and_the_next_is_done(process: Aside) -> None:
    wrong, right = process.ask(int, "x"), process.ask(int, "7")
    with pytest.raises(ValueError, match="invalid literal") as raised:
        wrong.result()
    assert "Traceback" in raised.value.__notes__[0]
    assert right.result() == 7
    with pytest.raises(UsageError, match="'2024-13' is not a month") as usage:
        process.ask(Month.parse, "2024-13").result()
    assert usage.value.exit_status == 2


class Stubborn(Exception):
    """Cannot be made of its arguments."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}, {why}")


def stubborn() -> None:
    raise Stubborn("secret", "of a row")


def unsendable() -> object:
    return lambda: None


def holding_what_cannot_be_sent() -> None:
    error = ValueError("x")
    error.held = lambda: None  # type: ignore[attr-defined]
    raise error


def test_an_error_that_cannot_be_sent_costs_no_later_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    process = Aside()
    asked = [process.ask(task) for task in (stubborn, unsendable, holding_what_cannot_be_sent)]
    after = process.ask(abs, -1)
    for future, name in zip(asked, ("Stubborn", "", "ValueError"), strict=True):
        with pytest.raises(Exception, match=name or None) as raised:
            future.result()
        assert type(raised.value) is not DxError
        assert "secret" not in str(raised.value)
        assert "test_aside.py" in raised.value.__notes__[0] or not name
    assert after.result() == 1
    process.end()


def test_an_error_tells_where_it_arose_in_the_other_process(process: Aside) -> None:
    with pytest.raises(AttributeError) as raised:
        process.ask(figures, ["headline"], None, None).result()  # type: ignore[arg-type]
    assert re.fullmatch(r"(targets|words)\.py, line \d+", place_of(raised.value))


def test_one_that_was_killed_is_said_and_replaced() -> None:
    one = Aside()
    one._process.send_signal(signal.SIGKILL)
    one._process.wait()
    with pytest.raises(DxError, match=r"^the process that works beside this one has ended"):
        one.ask(abs, -1).result()
    shared = aside()
    assert shared is aside()
    shared._process.kill()
    shared._process.wait()
    assert aside() is not shared
    assert aside().ask(abs, -1).result() == 1


def test_where_every_processor_has_its_work_it_is_done_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_shared", [])
    stay_here()
    assert aside().ask(os.getpid).result() == os.getpid()
    with pytest.raises(ValueError, match="invalid literal"):
        aside().ask(int, "x").result()


def test_it_ends_with_its_input_and_not_with_an_interruption() -> None:
    one = Aside()
    assert one.ask(abs, -1).result() == 1
    one._process.send_signal(signal.SIGINT)
    assert one.ask(abs, -2).result() == 2
    assert one._process.stdin is not None
    one._process.stdin.close()
    assert one._process.wait(timeout=60) == 0


def test_it_takes_no_module_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit(3)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert Aside().ask(abs, -1).result() == 1

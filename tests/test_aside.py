"""The process that works beside this one."""

from __future__ import annotations

import os
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from dxreport import aside as module
from dxreport.aside import Aside, aside, stay_here
from dxreport.errors import DxError, UsageError
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

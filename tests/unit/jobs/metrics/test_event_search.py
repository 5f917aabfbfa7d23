"""Event files of all layouts: where they are found, which folder counts, whose they are."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wazir.jobs.metrics.event_files import HELD_OUT, OTHER, ROOT, TRAIN, folder_rank
from wazir.jobs.metrics.event_search import EventSearch
from wazir.jobs.metrics.points import MetricPoint

START = 1_700_000_000.0


def _pairs(points: list[MetricPoint], metric: str = "rmse") -> list[tuple[int, float]]:
    return [(point.step, point.metrics[metric]) for point in points]


def _name(pid: int | None = None, created: float = START + 1, suffix: str = "0.v2") -> str:
    writer = "" if pid is None else f".{pid}.{suffix}"
    return f"events.out.tfevents.{int(created)}.{socket.gethostname()}{writer}"


@pytest.mark.parametrize(
    ("folder", "rank"),
    [
        ("eval", HELD_OUT),
        ("eval_holdout", HELD_OUT),
        ("validation", HELD_OUT),
        ("val", HELD_OUT),
        ("test_set", HELD_OUT),
        ("3/eval", HELD_OUT),
        ("eval/run1", HELD_OUT),
        ("train/eval", HELD_OUT),
        ("metric_tb", OTHER),
        ("values", OTHER),
        (".", ROOT),
        ("train", TRAIN),
        ("training_1/x", TRAIN),
    ],
)
def test_the_rank_of_a_folder(folder: str, rank: int) -> None:
    assert folder_rank(os.path.normpath(f"/a/train/{folder}"), "/a/train") == rank


def test_the_keras_layout(bench: Any, encoder: Any) -> None:
    collector = bench.collector("epoch_loss")
    train = encoder.event_file("epoch_loss", [(0, 0.9)], start=START, encode=encoder.tensor)
    bench.write("train/" + _name(1), train)
    assert collector.poll() == []
    valid = encoder.event_file("epoch_loss", [(0, 0.5)], start=START, encode=encoder.tensor)
    bench.write("validation/" + _name(1), valid)
    assert collector.poll() == []
    more = [(0, 0.5), (1, 0.25)]
    valid = encoder.event_file("epoch_loss", more, start=START, encode=encoder.tensor)
    bench.write("validation/" + _name(1), valid)
    assert _pairs(collector.poll(), "epoch_loss") == more
    assert collector.source == "TensorBoard event files in out/validation"
    assert collector.warnings == []


def test_a_metric_of_the_training_folder_gets_a_warning(bench: Any, encoder: Any) -> None:
    content = encoder.event_file("epoch_loss", [(0, 0.5), (1, 0.25)], start=START)
    bench.write("train/" + _name(), content)
    collector = bench.collector("epoch_loss")
    assert _pairs(collector.poll(), "epoch_loss") == [(0, 0.5), (1, 0.25)]
    assert collector.source == "TensorBoard event files in out/train"
    assert "training folder" in collector.warnings[0]


def test_the_estimator_layout(bench: Any, encoder: Any) -> None:
    bench.write(_name(), encoder.event_file("loss", [(100, 9.0), (200, 8.0)], start=START))
    content = encoder.event_file("loss", [(200, 7.0)], start=START)
    content += encoder.event_file("rmse", [(200, 0.5)], start=START)
    bench.write("eval/" + _name(), content)
    collector = bench.collector()
    assert _pairs(collector.poll()) == [(200, 0.5)]
    assert collector.source == "TensorBoard event files in out/eval"
    loss = bench.collector("loss")
    assert _pairs(loss.poll(), "loss") == [(200, 7.0)]
    assert loss.warnings == []


def test_the_loss_beside_an_evaluation_gets_a_warning(bench: Any, encoder: Any) -> None:
    bench.write(_name(), encoder.event_file("loss", [(100, 9.0)], start=START))
    bench.write("eval/" + _name(), encoder.event_file("rmse", [(100, 0.5)], start=START))
    collector = bench.collector("loss")
    collector.poll()
    assert "there is also 'rmse'" in collector.warnings[0]


def test_a_default_tag_without_steps(bench: Any, encoder: Any) -> None:
    tag = "training/hptuning/metric"
    path = bench.cwd / "jobs" / "3" / "3" / "eval" / _name()
    collector = bench.collector(tag, job_dir=bench.cwd / "jobs" / "3")
    bench.write(path, encoder.event_file(tag, [(None, 0.5)], start=START))
    assert collector.poll() == []
    bench.write(path, encoder.event_file(tag, [(None, 0.5), (None, 0.25)], start=START))
    assert _pairs(collector.poll(), tag) == [(1, 0.5), (2, 0.25)]
    assert collector.source == "TensorBoard event files in jobs/3/3/eval"


def test_a_restart_with_a_smaller_step(bench: Any, encoder: Any) -> None:
    collector = bench.collector()
    old = [(i, float(i)) for i in range(1, 7)]
    bench.write("eval/" + _name(1), encoder.event_file("rmse", old, start=START))
    assert _pairs(collector.poll()) == old
    new = encoder.event_file("rmse", [(4, 0.25), (5, 0.5)], start=START + 900)
    bench.write("eval/" + _name(2), new)
    assert _pairs(collector.poll()) == [(4, 0.25), (5, 0.5)]
    expected = [(1, 1.0), (2, 2.0), (3, 3.0), (4, 0.25), (5, 0.5)]
    assert _pairs(collector.series()) == expected
    assert _pairs(bench.collector().poll()) == expected


def test_a_file_made_anew_at_its_place(bench: Any, encoder: Any) -> None:
    collector = bench.collector()
    path = "eval/" + _name(1)
    old = bench.write(path, encoder.event_file("rmse", [(1, 0.5), (2, 0.25)], start=START))
    collector.poll()
    old.unlink()
    collector.poll()
    assert len(collector.series()) == 2
    bench.write(path, encoder.event_file("rmse", [(1, 0.375)], start=START + 900))
    assert _pairs(collector.poll()) == [(1, 0.375)]
    assert _pairs(collector.series()) == [(1, 0.375)]


def test_an_unfinished_file(bench: Any, encoder: Any) -> None:
    content = encoder.event_file("rmse", [(1, 0.5), (2, 0.25)], start=START)
    bench.write("eval/" + _name(), content[:-7])
    collector = bench.collector()
    assert _pairs(collector.poll()) == [(1, 0.5)]
    assert collector.poll(final=True) == []
    assert collector.warnings == []


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (("--output_dir", "out"), "out/3/eval"),
        (("--output_dir=out",), "out/3/eval"),
        (("train.dir=out/3",), "out/3/eval"),
        (("--output_dir", "out"), "out/eval"),
        (("--output_dir", "{cwd}/out/"), "out/logs"),
        ((), "runs/Nov01_host"),
    ],
)
def test_folders_among_the_arguments(
    bench: Any, encoder: Any, arguments: tuple[str, ...], folder: str
) -> None:
    content = encoder.event_file("rmse", [(1, 0.5)], start=START)
    bench.write(bench.cwd / folder / _name(), content)
    values = tuple(argument.format(cwd=bench.cwd) for argument in arguments)
    collector = bench.collector(argument_values=values)
    assert _pairs(collector.poll()) == [(1, 0.5)]
    assert collector.source == f"TensorBoard event files in {folder}"


def test_files_of_before_and_of_other_trials_are_left_alone(bench: Any, encoder: Any) -> None:
    content = encoder.event_file("rmse", [(1, 0.5)], start=START)
    out = bench.cwd / "out"
    old = bench.write(out / "eval" / _name(), content)
    os.utime(old, (START - 60, START - 60))
    bench.write(out / "eval" / _name(created=START - 60), content)
    bench.write(out / "2" / "eval" / _name(), content)
    bench.write(out / "wazir-runs" / "s" / _name(), content)
    bench.write(out / "eval" / (_name() + ".profile-empty"), content)
    collector = bench.collector(argument_values=("--output_dir", "out"))
    assert collector.poll(final=True) == []
    bench.write(out / "3" / "eval" / _name(), content)
    assert len(collector.poll(final=True)) == 1


def test_a_shared_folder_gives_each_trial_its_own_file(bench: Any, encoder: Any) -> None:
    mine, other = os.getpid(), 999_999_999
    out = bench.cwd / "out"
    theirs = encoder.event_file("rmse", [(1, 9.0)], start=START)
    bench.write(out / _name(other), theirs)
    changes = {"argument_values": ("out",), "n_parallel": 2, "pid": mine}
    collector = bench.collector(**changes)
    assert collector.poll() == []
    bench.write(out / _name(mine), encoder.event_file("rmse", [(1, 0.5)], start=START))
    assert _pairs(collector.poll(final=True)) == [(1, 0.5)]
    assert collector.warnings == []


def test_a_shared_folder_without_a_sign_gets_a_warning(bench: Any, encoder: Any) -> None:
    out = bench.cwd / "out"
    for pid, value in ((888_888_888, 0.5), (999_999_999, 0.25)):
        content = encoder.event_file("rmse", [(1, value)], start=START)
        bench.write(out / _name(pid, created=START + pid / 1e9), content)
    collector = bench.collector(argument_values=("out",), n_parallel=2)
    assert collector.poll() == []
    assert _pairs(collector.poll(final=True)) == [(1, 0.5)]
    assert "from out, a folder that the trials share" in collector.warnings[0]
    assert "{trial_dir}" in collector.warnings[0]
    alone = bench.collector(argument_values=("out",), n_parallel=1)
    alone.poll()
    assert alone.warnings == []


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_open_files_of_child_processes_are_found(bench: Any, encoder: Any, tmp_path: Path) -> None:
    content = encoder.event_file("rmse", [(1, 0.5)], start=START)
    path = bench.write(tmp_path / "far" / "away" / "eval" / _name(), content)
    child = "import sys; f = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
    shell = f"{sys.executable} -c '{child}' {path}; true"
    with subprocess.Popen(
        ["/bin/sh", "-c", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        collector = bench.collector(pid=process.pid)
        assert _pairs(collector.poll()) == [(1, 0.5)]
        assert collector.source is not None
        assert collector.source.endswith("far/away/eval")
        assert process.stdin is not None
        process.stdin.close()


def test_searching_is_bounded(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(30):
        (bench.cwd / "data" / f"d{i}").mkdir(parents=True)
    monkeypatch.setattr("wazir.jobs.metrics.event_search._MAX_SHARED_ENTRIES", 20)
    spec = bench.spec(argument_values=("data", "/", "0.5", "-x", "gs://bucket/out", "a\nb", ""))
    search = EventSearch(spec, bench.clock)
    roots = [os.path.relpath(root, bench.cwd) for root in search.roots[1:]]
    assert roots == ["data/3", "data", "runs", "lightning_logs", "logs"]
    assert list(search.find(final=True)) == []
    assert search.incomplete == [str(bench.cwd / "data")]
    collector = bench.collector(argument_values=("data",))
    collector.poll(final=True)
    assert "data (only in part: too large)" in collector.missing_message("rmse")


def test_folders_are_searched_once_a_second(bench: Any, encoder: Any) -> None:
    collector = bench.collector()
    collector.poll()
    path = bench.out / "eval" / _name()
    path.parent.mkdir()
    path.write_bytes(encoder.event_file("rmse", [(1, 0.5)], start=START))
    bench.now += 0.5
    assert collector.poll() == []
    bench.now += 0.6
    assert len(collector.poll()) == 1


def test_links_are_not_followed(bench: Any, encoder: Any) -> None:
    bench.write("eval/" + _name(), encoder.event_file("rmse", [(1, 0.5)], start=START))
    (bench.out / "loop").symlink_to(bench.out)
    found = list(EventSearch(bench.spec(), bench.clock).find(final=True))
    assert [file.path for file in found] == [str(bench.out / "eval" / _name())]

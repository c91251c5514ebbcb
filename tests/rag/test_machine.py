"""What a machine has, from the files that Linux tells it in."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import machine
from rag.machine import FEATURES, Limits, limits, parse_cpuinfo
from tests.test_install import SAPPHIRE_RAPIDS, llama

XEON = "avx avx2 fma f16c bmi2 avx512f avx512cd avx512bw avx512dq avx512vl"


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_the_name_and_what_every_core_has() -> None:
    text = (
        f"processor\t: 0\nmodel name\t: Some  Xeon\nflags\t\t: fpu {XEON} amx_tile amx_int8\n\n"
        f"processor\t: 1\nmodel name\t: Some  Xeon\nflags\t\t: fpu {XEON}\n"
    )
    assert parse_cpuinfo(text) == (
        "Some Xeon",
        {"AVX", "AVX2", "FMA", "F16C", "BMI2", "AVX512"},
    )
    assert parse_cpuinfo(text.replace("avx512vl", ""))[1] == {"AVX", "AVX2", "FMA", "F16C", "BMI2"}
    assert parse_cpuinfo("Features : fp asimd asimddp i8mm\nModel : Pi 5\n") == (
        "Pi 5",
        {"NEON", "DOTPROD", "MATMUL_INT8"},
    )
    assert parse_cpuinfo("") == ("", frozenset())


def test_instruction_sets_are_those_that_a_build_is_made_for() -> None:
    chosen = llama.cmake_flags("Linux", "x86_64", SAPPHIRE_RAPIDS, None)
    options = dict(flag.removeprefix("-DGGML_").split("=") for flag in chosen)
    found = parse_cpuinfo(f"flags : {' '.join(SAPPHIRE_RAPIDS)}")[1]
    assert {each for each in found if options.get(each) == "ON"} == found - {"AMX_INT8"}
    assert set(llama.X86_OPTIONS) - {"SSE42"} <= set(FEATURES)


def test_no_limits(tmp_path: Path) -> None:
    assert limits(tmp_path) == Limits()
    put(tmp_path, "proc/self/cgroup", "0::/user.slice\n")
    put(tmp_path, "sys/fs/cgroup/user.slice/cpu.max", "max 100000\n")
    put(tmp_path, "sys/fs/cgroup/user.slice/memory.max", "max\n")
    assert limits(tmp_path) == Limits()


def test_the_tightest_of_all_groups_above_counts(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "0::/a.slice/b.service\n")
    top = "sys/fs/cgroup"
    put(tmp_path, f"{top}/a.slice/b.service/cpu.max", "400000 100000\n")
    put(tmp_path, f"{top}/a.slice/cpu.max", "150000 100000\n")
    put(tmp_path, f"{top}/a.slice/b.service/memory.max", "4000000000\n")
    put(tmp_path, f"{top}/a.slice/b.service/memory.current", "1500000000\n")
    put(tmp_path, f"{top}/a.slice/b.service/memory.stat", "anon 1\ninactive_file 500000000\n")
    put(tmp_path, f"{top}/a.slice/memory.max", "9000000000\n")
    assert limits(tmp_path) == Limits(1.5, 4_000_000_000, 1_000_000_000)


def test_version_1_and_a_path_that_a_container_does_not_see(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/x\n")
    put(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n")
    put(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
    put(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000000\n")
    put(tmp_path, "sys/fs/cgroup/memory/memory.usage_in_bytes", "700000000\n")
    put(tmp_path, "sys/fs/cgroup/memory/memory.stat", "total_inactive_file 200000000\n")
    assert limits(tmp_path) == Limits(0.5, 2_000_000_000, 500_000_000)
    put(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    put(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n")
    assert limits(tmp_path) == Limits()


def test_cores_are_no_more_than_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    assert machine.cores(Limits()) == 16
    assert machine.cores(Limits(cores=2.5)) == 3
    assert machine.cores(Limits(cores=0.2)) == 1
    assert machine.cores(Limits(cores=64)) == 16


def test_this_machine() -> None:
    here = machine.look()
    assert here.processor
    assert 1 <= here.cores <= here.present
    assert 0 < here.available <= here.memory

"""CPU time of processes and of the machine, and where processes run."""

import ctypes
import os
import pathlib
import platform
import signal
import subprocess
import time

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def run_on(cpus: set[int]):
    """For Popen's preexec_fn: pins the process, and ends it if this one dies."""

    def prepare() -> None:
        os.sched_setaffinity(0, cpus)
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG

    return prepare


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and all its threads so far, in nanosecond steps: the kernel's clock for that process."""
    return time.clock_gettime((~pid << 3) | 2)


def busy_seconds() -> float:
    """CPU time that everybody on this machine has had, the hypervisor's other guests (steal) included."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / CLOCK_TICKS


def children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def own_seconds() -> float:
    times = os.times()
    return times.user + times.system


def resident_mebibytes(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def spin_milliseconds(cpu: int) -> float:
    """CPU time that a fixed piece of work takes on that CPU just now: a virtual machine's speed drifts with its neighbours."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    started = time.process_time()
    total = 0
    for value in range(150_000):
        total = (total * 31 + value) & 0xFFFFFFFF
    spent = time.process_time() - started
    os.sched_setaffinity(0, before)
    return spent * 1000


def description() -> str:
    model = next(
        (line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.machine())
    memory = int(pathlib.Path("/proc/meminfo").read_text().split("\n", 1)[0].split()[1]) / 1024 / 1024
    return f"{model}, {os.cpu_count()} CPUs, {memory:.0f} GiB, Linux {platform.release()}"


def output_of(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip()

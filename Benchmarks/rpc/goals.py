"""The goals, each as one line that says PASS or short, with the figures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    text: str
    # Where nothing was measured for it: None.
    value: float | None
    bound: float
    unit: str
    at_most: bool = True

    @property
    def line(self) -> str | None:
        if self.value is None:
            return None
        met = self.value <= self.bound if self.at_most else self.value >= self.bound
        goal = f"{'<=' if self.at_most else '>='} {short(self.bound)}"
        return f"{'PASS ' if met else 'short'} {self.text}: {short(self.value)} {self.unit} (goal: {goal})"


def short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def quotient(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


def difference(left: float | None, right: float | None) -> float | None:
    return left - right if left is not None and right is not None else None


def goals(figures: "dict[str, float]") -> list[Goal]:
    """`figures` is what was measured, by the names that run.py gives; what is missing there is not judged."""
    get = figures.get
    found = [
        Goal("instructions per unary echo at 8x32", get("instructions/jetty/8x32"), 24_000, "instructions"),
        Goal("the same against nghttpd's, the prize", quotient(get("instructions/jetty/8x32"), get("instructions/nghttpd/8x32")), 1.0, "x nghttpd"),
    ]
    for shape in ("8x32", "64x1", "1x1"):
        found.append(Goal(
            f"CPU per unary echo at {shape}", quotient(get(f"cpu/jetty/{shape}"), get(f"cpu/nghttpd/{shape}")), 1.25, "x nghttpd"))
    found += [
        Goal("CPU per streamed message", quotient(get("cpu/grpc-cpp/stream"), get("cpu/jetty/stream")), 5, "x gRPC C++ per CPU second", False),
        Goal("1 MiB messages to the server", rate(get("cpu/jetty/put 1 MiB")), 1, "GB/s per core", False),
        Goal("1 MiB messages from the server", rate(get("cpu/jetty/get 1 MiB")), 1, "GB/s per core", False),
        Goal("CPU per unary echo by TLS at 8x32", quotient(get("cpu/jetty/8x32 TLS"), get("cpu/nghttpd-tls/8x32 TLS")), 1.3, "x nghttpd with TLS"),
        Goal("client: instructions per call at depth 32", get("client/instructions/jetty"), 25_000, "instructions"),
        Goal("client: calls per CPU second at depth 32", quotient(get("client/cpu/grpc-cpp/32"), get("client/cpu/jetty/32")), 4,
             "x gRPC C++'s client", False),
        Goal("client: p50 of sequential calls", get("client/p50/jetty/1"), 100, "us"),
        Goal("one Redis GET in a handler adds", difference(get("instructions/jetty/redis"), get("instructions/jetty/8x32")), 7_000, "instructions"),
        Goal("one PostgreSQL SELECT in a handler adds", difference(get("instructions/jetty/postgres"), get("instructions/jetty/8x32")), 12_000,
             "instructions"),
        Goal("CPU per request with two loops", quotient(get("loops/cpu/2"), get("loops/cpu/1")), 1.10, "x one loop"),
        Goal("connections of the fuller of two loops", get("loops/fullest"), 1.25, "x the mean"),
    ]
    return found


def rate(cpu_us: float | None) -> float | None:
    """GB/s per core, from the CPU of one message of 1 MiB."""
    return (1 << 20) / cpu_us / 1000 if cpu_us else None

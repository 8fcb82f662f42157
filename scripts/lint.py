"""Checks the style of the project's own files; prints one line per finding and fails if there is any.

The layers (who imports whom) are checked by Tests/ArchitectureTests.
A line that must break a rule says why: `// lint:allow <rule> - <reason>` on the line itself or the one above.
"""

import pathlib
import re
import subprocess
import sys

LINES_MAX = 500
COLUMNS_MAX = 150

# Not ours to format: the generator wrote them.
GENERATED = (
    # Inputs for fuzzers, whose bytes mean what they are.
    "Tests/Fuzz/Seeds/",
    "Sources/ContractsC/", "Sources/Contracts/Generated/", "Benchmarks/Sources/BenchContractsC/", "Benchmarks/Sources/BenchContracts/Generated/",
    "Tests/Conformance/Sources/InteropMessagesC/", "Tests/Conformance/Sources/InteropMessages/Generated/", "openapi.json")
TEXT = {".swift", ".h", ".proto", ".sql", ".sh", ".py", ".md", ".yaml", ".yml", ".js", ".css", ".html", ".modulemap", ""}

# A peer, a file or a server must never be able to stop the process: these stop it.
TRAPS = {
    "try!": re.compile(r"\btry!"),
    "as!": re.compile(r"\bas!"),
    "fatalError": re.compile(r"\bfatalError\s*\("),
    "print": re.compile(r"(?<![\w.])print\("),
}
PRINTING = ("Sources/jetty/", "Sources/jetty-admin/", "services/", "Tests/")
STRING = re.compile(r'"(?:\\.|[^"\\])*"')


def project_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], check=True, capture_output=True, text=True
    )
    return [path for path in listed.stdout.split("\0") if path and pathlib.Path(path).is_file()]


def is_ours(path: str) -> bool:
    return pathlib.Path(path).suffix in TEXT and not any(path.startswith(start) or path.endswith(start) for start in GENERATED)


def findings(path: str):
    try:
        text = pathlib.Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        yield 1, "not UTF-8"
        return
    lines = text.split("\n")
    suffix = pathlib.Path(path).suffix
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end"
    if text.endswith("\n\n"):
        yield len(lines) - 1, "blank lines at the end"
    if suffix in {".swift", ".h", ".py", ".sh", ".js"} and len(lines) - 1 > LINES_MAX:
        yield LINES_MAX + 1, f"more than {LINES_MAX} lines"
    for number, line in enumerate(lines, 1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            yield number, "a conflict of git's that nobody has resolved"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if suffix == ".swift":
            yield from swift_findings(path, number, line, lines[number - 2] if number > 1 else "")
        elif suffix in {".sh", ".py", ".h", ".proto"} and len(line) > COLUMNS_MAX:
            yield number, f"longer than {COLUMNS_MAX} columns"


def swift_findings(path: str, number: int, line: str, above: str):
    if len(line) > COLUMNS_MAX:
        yield number, f"longer than {COLUMNS_MAX} columns"
    if "\t" in line:
        yield number, "a tab"
    if not path.startswith(("Sources/", "services/")):
        return
    code = STRING.sub('""', line).split("//")[0]
    for rule, pattern in TRAPS.items():
        if rule == "print" and path.startswith(PRINTING):
            continue
        if pattern.search(code) and not any(f"lint:allow {rule}" in text for text in (line, above)):
            yield number, f"{rule} is not allowed here"


def shell_findings(path: str):
    checked = subprocess.run(["bash", "-n", path], capture_output=True, text=True)
    if checked.returncode != 0:
        yield 1, checked.stderr.strip()


def main() -> int:
    count = 0
    for path in filter(is_ours, project_files()):
        found = list(findings(path))
        if path.endswith(".sh") or path == ".ci/run":
            found += shell_findings(path)
        for number, message in found:
            print(f"{path}:{number}: {message}")
        count += len(found)
    if count:
        print(f"{count} findings", file=sys.stderr)
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())

"""Prints the results of a run as a table, and writes it into a document: report.py RESULTS [DOCUMENT]

In the document the table replaces what stands between the lines `<!-- results -->` and `<!-- end of results -->`.
"""

import datetime
import json
import pathlib
import platform
import subprocess
import sys

BEGIN, END = "<!-- results -->\n", "<!-- end of results -->"


def table(results: dict[str, dict[str, int]]) -> str:
    rows = [f"| {row} | {counts['passed']} | {counts['failed'] + counts['skipped']} |" for row, counts in sorted(results.items())]
    total = [sum(counts[name] for counts in results.values()) for name in ("passed", "failed", "skipped")]
    rows.append(f"| **together** | **{total[0]}** | **{total[1] + total[2]}** |")
    return "\n".join(["| what | passed | failed |", "|---|---:|---:|", *rows]) + "\n"


def heading() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return f"Run on {datetime.date.today()}, commit {commit}, {platform.system()} {platform.machine()}.\n\n"


def main():
    results = json.loads(pathlib.Path(sys.argv[1]).read_text() or "{}")
    print(table(results))
    if len(sys.argv) > 2 and sys.argv[2]:
        document = pathlib.Path(sys.argv[2])
        text = document.read_text()
        before, rest = text.split(BEGIN, 1)
        _, after = rest.split(END, 1)
        document.write_text(before + BEGIN + heading() + table(results) + END + after)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The reference of all settings in docs/OPERATIONS.md, made from what the programs themselves say.

    settings_reference.py --check   fails where the page differs from the programs
    settings_reference.py --write   brings the page up to date

Needs the programs in .build/release (or JETTY_BINARIES).
"""

import difflib
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "OPERATIONS.md"
BEGIN, END = "<!-- settings: made by scripts/settings_reference.py -->\n", "<!-- end of settings -->\n"
PROGRAMS = ["edge-selection", "chunk-metadata", "upload-state", "dedup", "finalize", "gateway", "edge-worker"]

# The first that fits a name takes it.
GROUPS = [
    ("edge.selection.", "EdgeSelection"),
    ("chunk.metadata.", "ChunkMetadata"),
    ("upload.state.", "UploadState"),
    ("dedup.", "Dedup"),
    ("embedder.", "Dedup"),
    ("finalize.", "Finalize"),
    ("gateway.", "Gateway"),
    ("edge.", "EdgeWorker"),
    ("rpc.", "gRPC, as server and as client"),
    ("http.", "HTTP doors"),
    ("cors.", "HTTP doors"),
    ("spool.", "HTTP doors"),
    ("postgres.", "PostgreSQL"),
    ("redis.", "Redis"),
    ("store.", "Object store"),
    ("object.", "Object store"),
    ("public.", "Object store"),
    ("token.", "Upload tokens"),
    ("tls.", "TLS"),
]
GENERAL = "Process"
ADDRESSES = "Other services"
ORDER = [
    GENERAL, "TLS", ADDRESSES, "Upload tokens", "PostgreSQL", "Redis", "Object store", "gRPC, as server and as client", "HTTP doors", "Gateway",
    "EdgeWorker", "EdgeSelection", "ChunkMetadata", "UploadState", "Dedup", "Finalize",
]


def group(name: str) -> str:
    if name.endswith(".address"):
        return ADDRESSES
    return next((title for beginning, title in GROUPS if name.startswith(beginning)), GENERAL)


def who(programs: list[str]) -> str:
    if len(programs) == len(PROGRAMS):
        return "all"
    missing = [program for program in PROGRAMS if program not in programs]
    return "all but " + ", ".join(missing) if len(missing) == 1 else ", ".join(programs)


def reference() -> str:
    binaries = pathlib.Path(os.environ.get("JETTY_BINARIES", ROOT / ".build" / "release"))
    settings: dict[str, tuple[list[str], list[str]]] = {}
    for program in PROGRAMS:
        said = subprocess.run([binaries / f"jetty-{program}", "--reference"], check=True, capture_output=True, text=True, timeout=30).stdout
        for line in said.splitlines():
            name, *cells = line.split("\t")
            known, programs = settings.setdefault(name, (cells, []))
            if known != cells:
                raise SystemExit(f"{name} means something else in {program} than in {programs[0]}: {cells} and {known}")
            programs.append(program)
    text = ""
    for title in ORDER:
        names = [name for name in sorted(settings) if group(name) == title]
        if not names:
            continue
        text += f"\n#### {title}\n\n| setting | meaning | values | default | who |\n|---|---|---|---|---|\n"
        for name in names:
            (summary, values, usual), programs = settings[name]
            cells = [f"`{name}`", summary.replace("|", "\\|"), values.replace("|", "\\|"), usual, who(programs)]
            text += "| " + " | ".join(cells) + " |\n"
    return text + "\n"


def main() -> int:
    page = PAGE.read_text("utf-8")
    before, rest = page.split(BEGIN, 1)
    written, after = rest.split(END, 1)
    current = reference()
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(before + BEGIN + current + END + after, "utf-8")
        return 0
    if written == current:
        return 0
    sys.stdout.writelines(difflib.unified_diff(written.splitlines(True), current.splitlines(True), "docs/OPERATIONS.md", "the programs"))
    print("docs/OPERATIONS.md is not what the programs take: scripts/settings_reference.py --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

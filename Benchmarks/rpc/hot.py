"""hot.py PROFILE REQUESTS [LINES]: where the instructions of one of results/callgrind.* go, per request, by function.

callgrind_annotate cannot read a profile that was written while the thread's first function still ran; this can.
"""

import re
import subprocess
import sys
from collections import Counter

# The functions that never return: what callgrind says of them is the sum of everything.
ROOTS = re.compile(r"^(clone|\(below main\)|start_thread)")


def own_instructions(path: str) -> Counter:
    names: dict[str, str] = {}
    objects: dict[str, str] = {}
    spent: Counter = Counter()
    function = library = ""
    skip = False

    def named(table: dict[str, str], text: str) -> str:
        found = re.match(r"\((\d+)\)(?: (.*))?", text)
        if not found:
            return text
        if found[2] is not None:
            table[found[1]] = found[2]
        return table.get(found[1], found[1])

    with open(path) as file:
        for line in file:
            key, _, value = line.rstrip("\n").partition("=")
            if key == "fn":
                function = named(names, value)
            elif key == "cfn":
                named(names, value)
            elif key == "ob":
                library = named(objects, value)
            elif key == "cob":
                named(objects, value)
            elif key == "calls":
                # The line after it is what the callee took.
                skip = True
            elif line[:1] in "+-*0123456789" and " " in line:
                if not skip and not ROOTS.match(function):
                    spent[(function, library.rsplit("/", 1)[-1])] += int(line.split()[1])
                skip = False
    return spent


def main() -> None:
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    spent, requests = own_instructions(sys.argv[1]), int(sys.argv[2])
    rows = spent.most_common(int(sys.argv[3]) if len(sys.argv) > 3 else 50)
    names = subprocess.run(
        ["swift", "demangle", "--simplified"], input="\n".join(name for (name, _), _ in rows), capture_output=True, text=True).stdout.splitlines()
    print(f"{sum(spent.values()) / requests:9.0f}  all")
    for ((_, library), count), name in zip(rows, names):
        print(f"{count / requests:9.0f}  {name[:110]}  [{library}]")


if __name__ == "__main__":
    main()

"""Runs every command of the README's ```bash and ```python blocks, in order, in a fresh folder.

Usage: python scripts/run_readme.py [--list]

`make run` and `git clone` are left out: CI has just done what they do. Fails on the first command
that does not exit with 0, or with N where a line above it says `# exit code N`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LEFT_OUT = ("git clone", "cd ", "make ", "source ", "eval ")


def commands(text: str) -> list[tuple[str, int]]:
    """(command, expected exit code) of each line of the ```bash and each ```python block.

    >>> commands("```bash\\n# exit code 2\\nclusterlab rnu\\n```")
    [('clusterlab rnu', 2)]
    """
    found = []
    for language, block in re.findall(r"^```(bash|python)\n(.*?)^```", text, re.DOTALL | re.M):
        if language == "python":
            found.append((f"python -c {shlex.quote(block)}", 0))
            continue
        code = 0
        for line in block.replace("\\\n", " ").splitlines():
            match = re.match(r"# exit code (\d+)", line)
            if match:
                code = int(match[1])
            elif line.strip() and not line.startswith(("#", *_LEFT_OUT)):
                found.append((line.strip(), code))
                code = 0
    return found


def main() -> int:
    found = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    if "--list" in sys.argv:
        print("\n".join(command for command, _ in found))
        return 0
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data").symlink_to(ROOT / "data")
        environment = {**os.environ, "PATH": path, "CLUSTERLAB_CACHE": f"{folder}/cache"}
        for command, expected in found:
            begin = time.perf_counter()
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            shown = " ".join(command.split())
            print(f"{time.perf_counter() - begin:6.1f} s  {shown}", flush=True)
            if done.returncode != expected:
                print(f"exit code {done.returncode}, expected {expected}")
                print(done.stdout, done.stderr, sep="\n")
                return 1
    print(f"all {len(found)} commands of the README did what it says")
    return 0


if __name__ == "__main__":
    sys.exit(main())

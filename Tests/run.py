#!/usr/bin/env python3
"""Runs every test, counts them, and exits with 1 if one fails. `make test` builds and calls it.

usage: Tests/run.py [--long] [STEP ...]     with $SWIFT_TEST the command that runs the Swift tests
The last line is "N passed, N failed". Logs are left in build/test.
"""

import os
import pathlib
import platform
import re
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build/test"
RUNTIME_TESTS = "KernelsTests|DLRuntimeTests"


@dataclass
class Step:
    name: str
    command: list
    variables: dict = field(default_factory=dict)
    # junit: the command writes NAME.xml; log: it prints "N passed, N failed"; exit: it is one test.
    counts: str = "junit"


def swift(name, isa="", only=""):
    base = shlex.split(os.environ.get("SWIFT_TEST", "swift test"))
    command = base + ["--disable-xctest", "--xunit-output", f"{LOGS}/{name}.xml"] + (["--filter", only] if only else [])
    return Step(name, command, {"DLRT_ISA": isa} if isa else {})


def python(name, folder):
    return Step(name, [".venv/bin/python", "-m", "pytest", folder, f"--junitxml={LOGS}/{name}.xml"])


def steps(long):
    levels = ["baseline"] + (["avx2"] if platform.machine() == "x86_64" else [])
    mutants = "300000" if long else "3000"
    chosen = [
        swift("swift"),
        *[swift(f"swift-{isa}", isa, RUNTIME_TESTS) for isa in levels],
        Step("c", ["Tests/c/run.sh"], counts="log"),
        python("format", "Tests/format"),
        python("export", "Tests/export"),
        python("python", "Tests/python"),
        Step("mutants", [".venv/bin/python", "Tests/fuzz/models.py", mutants], counts="exit"),
        python("bench", "Tests/bench"),
        python("accuracy", "Tests/accuracy"),
        python("gates", "Tests/gates"),
        Step("conformance", [".venv/bin/python", "Tests/conformance/run.py", "--require", "Tests/conformance/passes.txt"],
             counts="log"),
    ]
    if long:
        chosen += [
            Step("demo-no-data", ["examples/demo.sh"], {"DLRT_DATA": "/nonexistent"}, counts="exit"),
            Step("sanitize", ["Tests/sanitize.sh"], counts="exit"),
            Step("fuzz", [".venv/bin/python", "Tests/fuzz/run.py"], counts="exit"),
        ]
    return chosen


def counted(step, log, code):
    """Passed, failed and skipped tests."""
    if step.counts == "exit":
        return (1, 0, 0) if code == 0 else (0, 1, 0)
    if step.counts == "log":
        lines = re.findall(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", log)
        return tuple(int(n or 0) for n in lines[-1]) if lines else (0, 0, 0)
    path = LOGS / f"{step.name}.xml"
    if not path.exists():
        return 0, 0, 0
    suites = [s for s in xml.etree.ElementTree.parse(path).iter("testsuite")]
    total, bad, skipped = (sum(int(s.get(key) or 0) for s in suites for key in keys)
                           for keys in (["tests"], ["failures", "errors"], ["skipped"]))
    return total - bad - skipped, bad, skipped


def run(step):
    (LOGS / f"{step.name}.xml").unlink(missing_ok=True)
    log_path = LOGS / f"{step.name}.log"
    print(f"{step.name:16}", end="", flush=True)
    start = time.monotonic()
    with open(log_path, "w") as log:
        code = subprocess.run(step.command, cwd=ROOT, env={**os.environ, **step.variables}, stdout=log,
                              stderr=subprocess.STDOUT).returncode
    text = log_path.read_text(errors="replace")
    passed, failed, skipped = counted(step, text, code)
    if code != 0 or passed + skipped == 0:
        failed = max(failed, 1)
    print(f"{passed:6} passed {failed:4} failed {skipped:4} skipped {time.monotonic() - start:7.0f} s", flush=True)
    if failed:
        print("\n".join(text.splitlines()[-60:]))
        print(f"exit code {code}; the whole log is {log_path.relative_to(ROOT)}", flush=True)
    return passed, failed, skipped


def main():
    LOGS.mkdir(parents=True, exist_ok=True)
    names = [word for word in sys.argv[1:] if word != "--long"]
    chosen = [step for step in steps("--long" in sys.argv) if not names or step.name in names]
    results = [run(step) for step in chosen]
    passed, failed, skipped = (sum(column) for column in zip(*results)) if results else (0, 0, 0)
    if skipped:
        print(f"{skipped} skipped: the reasons are in build/test")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()

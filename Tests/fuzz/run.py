#!/usr/bin/env python3
"""Fuzzes the ONNX importer, the reader of .dlrt files and the sessions that run what they read, under AddressSanitizer.

usage: Tests/fuzz/run.py [SECONDS [OPTION ...]]    600 by default, and options of libFuzzer
       Tests/fuzz/run.py --minimise                corpus.txt becomes the smallest set of files that reaches as much

It begins with the models of seeds.py, the same as .dlrt files, and corpus.txt: files in base64, one a line, that `make test` goes
through too. A finding is a trap, a bad access, a run of more than a minute or more than 2 GB of memory. The fuzzing ends with it and
another exit code than 0; `build/fuzz/fuzz FILE` shows it again. Files that reach something new stay in build/fuzz/corpus for the
next time.
"""

import base64
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/fuzz"
CORPUS = ROOT / "Tests/fuzz/corpus.txt"
DL_EXPORT = os.environ.get("DL_EXPORT", str(ROOT / "build/bin/dl-export"))
LIMITS = ["-timeout=60", "-rss_limit_mb=2048", "-max_len=4096"]
# What cannot be allocated is an error that is handled.
SANITIZER = {"ASAN_OPTIONS": "allocator_may_return_null=1:detect_leaks=0"}


def build():
    scratch = ROOT / ".build/fuzz"
    # SwiftPM knows both sanitizers, and hands the compiler an option for each, of which the last one counts.
    subprocess.run(
        ["swift", "build", "-c", "release", "--product", "fuzz", "--scratch-path", scratch, "--sanitize", "address",
         "--sanitize", "fuzzer", "-Xswiftc", "-sanitize=fuzzer,address"],
        cwd=ROOT, env={**os.environ, "DLRT_FUZZ": "1"}, check=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    shutil.copy(scratch / "release/fuzz", BUILD / "fuzz")


def fuzz(*arguments):
    return subprocess.run([BUILD / "fuzz", *LIMITS, f"-artifact_prefix={BUILD}/", *arguments],
                          env={**os.environ, **SANITIZER}).returncode


def empty(name):
    folder = BUILD / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def seeds():
    """A folder of files to begin with."""
    folder = empty("seeds")
    subprocess.run([sys.executable, ROOT / "Tests/fuzz/seeds.py", folder], check=True)
    for model in sorted(folder.glob("*.onnx")):
        subprocess.run([DL_EXPORT, "convert", model, "-o", model.with_suffix(".dlrt")], check=True, stdout=subprocess.DEVNULL)
    if CORPUS.exists():
        for i, line in enumerate(CORPUS.read_text().split()):
            (folder / f"corpus{i}").write_bytes(base64.b64decode(line))
    return folder


def main():
    build()
    kept = BUILD / "corpus"
    kept.mkdir(exist_ok=True)
    if "--minimise" not in sys.argv:
        seconds = sys.argv[1] if len(sys.argv) > 1 else "600"
        sys.exit(fuzz(f"-max_total_time={seconds}", *sys.argv[2:], kept, seeds()))
    least = empty("least")
    code = fuzz("-set_cover_merge=1", "-use_counters=0", least, kept, seeds())
    if code == 0:
        lines = sorted((base64.b64encode(path.read_bytes()).decode() for path in least.iterdir()), key=lambda line: (len(line), line))
        CORPUS.write_text("".join(line + "\n" for line in lines))
    sys.exit(code)


main()

#!/usr/bin/env python3
"""Runs ONNX's own backend tests: each model is converted by dl-export and run through the package dlrt, its outputs are
compared with the expected ones by ONNX's tolerances (relative 1e-3, absolute 1e-7; integers and bools exactly).

usage: Tests/conformance/run.py [--only WORD] [--failures] [--list FILE] [--require FILE] [--jobs N]

--only WORD     only cases whose name contains it
--failures      show every case that failed or is not supported, and why
--list FILE     write the names of the cases that pass
--require FILE  exit with 1 if a case listed there does not pass, and say which
The library is build/lib/libdlrt.so.1 or DLRT_LIBRARY, the command build/bin/dl-export or DL_EXPORT, the archive that of the
folder DLRT_DATA.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings/python"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
os.environ.setdefault("DLRT_LIBRARY", str(ROOT / "build/lib/libdlrt.so.1"))
DL_EXPORT = os.environ.get("DL_EXPORT", str(ROOT / "build/bin/dl-export"))
DATA = pathlib.Path(os.environ.get("DLRT_DATA", ROOT / "../shared"))

import dlrt  # noqa: E402
import onnx_files  # noqa: E402

# Not this runtime's business: types and domains it does not have.
RANDOM = {"Bernoulli", "RandomUniformLike", "RandomNormal", "RandomNormalLike", "RandomUniform", "Multinomial"}


def left_out(model):
    """Why a case is left out, or None."""
    for domain, name in model.operations:
        if domain not in ("", "ai.onnx", "ai.onnx.preview"):
            return f"domain {domain}"
        if name in RANDOM:
            return "random outputs"
    for kind in sorted(model.types, key=str):
        if isinstance(kind, str):
            return f"type {kind}"
        if kind in onnx_files.TYPE_NAMES:
            return f"type {onnx_files.TYPE_NAMES[kind]}"
    return None


def difference(found, expected):
    """What is wrong with an output, or None."""
    wanted = expected.array
    if found.shape != wanted.shape:
        return f"shape {list(found.shape)}, expected {list(wanted.shape)}"
    if found.dtype != wanted.dtype:
        return f"type {found.dtype}, expected {wanted.dtype}"
    if expected.type == onnx_files.BFLOAT16:
        found, wanted = onnx_files.as_float(found), onnx_files.as_float(wanted)
    if wanted.dtype.kind != "f":
        wrong = int((found != wanted).sum())
        return f"{wrong} of {wanted.size} elements differ" if wrong else None
    with np.errstate(all="ignore"):
        close = np.isclose(found, wanted, rtol=1e-3, atol=1e-7, equal_nan=True)
        if close.all():
            return None
        error = np.nanmax(np.abs(found.astype(np.float64) - wanted.astype(np.float64)))
    return f"{int((~close).sum())} of {wanted.size} elements differ, by up to {error:.3g}"


def reason(text):
    """The first problem that dl-export lists, without the names of nodes."""
    lines = text.strip().splitlines()
    line = lines[1] if len(lines) > 1 else lines[0] if lines else "no message"
    return re.sub(r"( \(\d+ times\))?: '[^:]*$", "", line).strip()


def tensors(folder, kind):
    paths = sorted(folder.glob(f"{kind}_*.pb"), key=lambda path: int(path.stem.split("_")[1]))
    return [onnx_files.tensor(path.read_bytes()) for path in paths]


def run_case(folder):
    """(result, why): "passed", "failed", "unsupported" or "left out"."""
    why = left_out(onnx_files.model((folder / "model.onnx").read_bytes()))
    if why:
        return "left out", why
    file = folder / "model.dlrt"
    converted = subprocess.run(
        [DL_EXPORT, "convert", folder / "model.onnx", "-o", file], capture_output=True, text=True, timeout=600)
    if converted.returncode == 1:
        return "unsupported", reason(converted.stderr)
    if converted.returncode != 0:
        return "failed", f"dl-export ended with {converted.returncode}: {converted.stderr[-200:]}"
    try:
        model = dlrt.load(file)
        with model.session() as session:
            for data in sorted(folder.glob("test_data_set_*")):
                outputs = session.run(*[tensor.array for tensor in tensors(data, "input")])
                expected = tensors(data, "output")
                if len(outputs) != len(expected):
                    return "failed", f"{len(outputs)} outputs, expected {len(expected)}"
                for name, wanted in zip(outputs, expected):
                    wrong = difference(outputs[name], wanted)
                    if wrong:
                        return "failed", wrong
    except dlrt.Error as problem:
        return "failed", re.sub(r"'[^']*'", "'…'", str(problem))
    return "passed", ""


def isolated(folder):
    """run_case in a process of its own, so that a crash is the failure of one case."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            result = run_case(folder)
        except BaseException as problem:
            result = "failed", f"the test itself: {problem!r}"
        os.write(writer, "\n".join(result).encode()[:4000])
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8", errors="replace") as pipe:
        result, _, why = pipe.read().partition("\n")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return (result, why) if status == 0 else ("failed", f"crashed: {signal.Signals(-status).name if status < 0 else status}")


def operation(name, folder, names):
    """The row of the table a case belongs to: the operation it tests."""
    if "_expanded" in name:
        base = name.split("_expanded")[0]
        if base in names:
            folder = folder.parent / base
    operations = onnx_files.model((folder / "model.onnx").read_bytes()).operations
    kinds = {op for _, op in operations if op not in ("Constant", "Identity")} or {"Identity"}
    return kinds.pop() if len(kinds) == 1 else "several"


def extract(folder):
    archives = sorted((DATA / "onnx").glob("onnx_node_simple_*.tar.gz"))
    if not archives:
        print(f"skipped: no data ({DATA / 'onnx'} has no onnx_node_simple_*.tar.gz)\n0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    with tarfile.open(archives[-1]) as archive:
        archive.extractall(folder, filter="data")
    return {path.parent.name: path.parent for path in pathlib.Path(folder).glob("**/node/*/model.onnx")}


def table(results, rows):
    kinds = ["passed", "failed", "unsupported", "left out"]
    counts = collections.defaultdict(collections.Counter)
    reasons = collections.defaultdict(collections.Counter)
    for name, (result, why) in results.items():
        counts[rows[name]][result] += 1
        if result != "passed":
            reasons[rows[name]][why] += 1
    print(f"{'operation':28}" + "".join(f"{kind:>12}" for kind in kinds) + "  why")
    for row in sorted(counts):
        shown = "; ".join(why + (f" ({n})" if n > 1 else "") for why, n in reasons[row].most_common(3))
        print(f"{row:28}" + "".join(f"{counts[row][kind] or '':>12}" for kind in kinds) + f"  {shown}")
    total = collections.Counter(result for result, _ in results.values())
    print(f"{'all':28}" + "".join(f"{total[kind]:>12}" for kind in kinds))
    for kind in ("unsupported", "left out"):
        why = collections.Counter(why for result, why in results.values() if result == kind)
        print(f"{kind}: " + "; ".join(f"{reason} ({n})" for reason, n in why.most_common()))
    wanted = len(results) - total["left out"]
    print(f"{total['passed']} of {len(results)} cases pass ({100 * total['passed'] / max(1, len(results)):.1f} %), "
          f"of those not left out {100 * total['passed'] / max(1, wanted):.1f} %")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--failures", action="store_true")
    parser.add_argument("--list", type=pathlib.Path)
    parser.add_argument("--require", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    required = options.require.read_text().split() if options.require else []
    with tempfile.TemporaryDirectory() as temporary:
        cases = extract(temporary)
        chosen = [name for name in sorted(cases) if options.only in name]
        if options.require:
            chosen = [name for name in chosen if name in set(required)]
        with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
            results = dict(zip(chosen, pool.map(isolated, [cases[name] for name in chosen], chunksize=8)))
        rows = {name: operation(name, cases[name], cases) for name in chosen}
    passed = [name for name in chosen if results[name][0] == "passed"]
    if options.failures:
        for name in chosen:
            if results[name][0] in ("failed", "unsupported"):
                print(f"{results[name][0]:12} {name}: {results[name][1]}")
    if options.list:
        options.list.write_text("".join(name + "\n" for name in passed))
    missing = sorted(set(required) - set(passed))
    if options.require:
        for name in missing:
            print(f"{name}: {': '.join(results.get(name, ('no such case', '')))}")
        print(f"{len(passed)} passed, {len(missing)} failed")
    else:
        table(results, rows)
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()

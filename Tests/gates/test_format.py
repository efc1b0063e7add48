"""Every Swift source is formatted by the committed configuration."""

import subprocess

from binaries import ROOT

LINT = ["swift", "format", "lint", "--strict", "--recursive", "--configuration", ROOT / ".swift-format"]


def lint(*paths):
    return subprocess.run([*LINT, *paths], cwd=ROOT, capture_output=True, text=True)


def test_sources():
    done = lint("Package.swift", "Sources", "Tests", "examples")
    assert done.returncode == 0, done.stderr[-4000:]


def test_gate_closes(tmp_path):
    (tmp_path / "bad.swift").write_text("let x   =  1;\n")
    assert lint(tmp_path).returncode != 0

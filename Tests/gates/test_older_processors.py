"""The library runs on processors that lack the instructions of its faster kernels. qemu plays the processor."""

import platform
import shutil

import pytest
from binaries import ROOT, output

PROGRAM = """
#include <dlrt.h>
#include <stdio.h>
int main(int argc, char **argv) {
  static float image[28 * 28];
  int64_t dims[4] = {1, 1, 28, 28};
  dlrt_model *model = NULL;
  dlrt_session *session = NULL;
  dlrt_class best;
  const char *isa = "";
  size_t count = 0;
  for (int i = 0; i < 784; i++) image[i] = (float)(i % 29) / 29;
  if (argc != 2 || dlrt_model_load_file(argv[1], NULL, &model) || dlrt_model_isa(model, &isa) ||
      dlrt_session_create(model, NULL, &session) ||
      dlrt_session_set_input(session, 0, DLRT_F32, dims, 4, image, sizeof image) || dlrt_session_run(session) ||
      dlrt_session_top_k(session, 0, 1, &best, &count))
    return 1;
  printf("%s %zu %.4f\\n", isa, best.index, best.score);
  return 0;
}
"""

pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="x86-64 only"),
    pytest.mark.skipif(not shutil.which("qemu-x86_64"), reason="qemu-x86_64 (package qemu-user) is not installed"),
]


@pytest.mark.parametrize("processor, isa", [("Nehalem", "baseline"), ("SandyBridge", "baseline"), ("Haswell", "avx2")])
def test_runs(sample, tmp_path, processor, isa):
    (tmp_path / "main.c").write_text(PROGRAM)
    output("cc", "-o", tmp_path / "main", tmp_path / "main.c", f"-I{ROOT}/build/include", ROOT / "build/lib/libdlrt.a",
           "-ljpeg", "-lm", "-lpthread")
    here = output(tmp_path / "main", sample / "lenet5.dlrt").split()
    there = output("qemu-x86_64", "-cpu", processor, tmp_path / "main", sample / "lenet5.dlrt").split()
    assert there[0] == isa
    assert there[1] == here[1] and abs(float(there[2]) - float(here[2])) < 1e-3

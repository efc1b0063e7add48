"""What a large model takes: its weights once, packed."""

import subprocess

from conftest import DL_EXPORT

SCRIPT = """
import sys, numpy, dlrt

def memory(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))

path = sys.argv[1]
before = memory("VmRSS")
model = dlrt.load(path)
assert model.memory > 200 << 20
assert memory("VmRSS") - before < 1.05 * model.memory, "the weights of the file are still there"
# While the largest layer is packed it is there twice, and it has most of the weights.
assert memory("VmHWM") - before < 1.5 * model.memory, "all weights were there twice"

image = numpy.random.default_rng(1).random((1, 3, 227, 227), numpy.float32)
first = model.session().run(image)["probabilities"]
content = bytearray(open(path, "rb").read())
second = dlrt.load(bytes(content)).session().run(image)["probabilities"]
assert first.tobytes() == second.tobytes() and abs(first.sum() - 1) < 1e-4
assert model.session().run(image)["probabilities"].tobytes() == first.tobytes()

for place in (5 << 20, len(content) // 2, len(content) - 1):
    content[place] ^= 1
    try:
        dlrt.load(bytes(content))
        sys.exit(f"byte {place} is damaged and nobody noticed")
    except dlrt.InvalidModelError as error:
        assert "checksum" in str(error)
    content[place] ^= 1
"""


def test_a_large_model(run_script, tmp_path):
    path = tmp_path / "alexnet.dlrt"
    subprocess.run([DL_EXPORT, "sample", "alexnet", "-o", path], check=True)
    run_script(SCRIPT, path)
    path.unlink()

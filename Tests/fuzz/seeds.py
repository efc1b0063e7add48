#!/usr/bin/env python3
"""Writes small ONNX models for the fuzzer to begin with, most of one operation.

usage: Tests/fuzz/seeds.py FOLDER
"""

import pathlib
import re
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "export"))
import onnx_model  # noqa: E402 - needs the path above

# OPERATION[*OUTPUTS][@OPSET] INPUT… ATTRIBUTE=VALUE…: f32[2,3] is an input, i64[2]=1,2 a constant, i64=[2] one of 0, 1, 2 …; "-" is one
# that is left out.
CASES = """
Conv f32[1,2,5,5] f32[3,2,3,3] f32[3] pads=1,1,1,1
Conv f32[1,4,6] f32=[4,1,3] group=4 auto_pad='SAME_UPPER' strides=2
Conv f32[N,1,4,4,4] f32=[2,1,2,2,2] dilations=2,1,1
ConvTranspose f32[1,2,3,3] f32=[2,2,3,3] strides=2,2 output_padding=1,1
ConvTranspose f32[1,2,3] f32=[2,1,2] group=2 output_shape=7
ConvInteger u8[1,1,4,4] u8=[1,1,2,2] u8[]=1
QLinearConv u8[1,1,4,4] f32[]=0.5 u8[]=1 u8=[1,1,1,1] f32[1]=1 u8[1]=0 f32[]=1 u8[]=1
QLinearMatMul u8[2,4] f32[]=1 u8[]=0 u8[4,3] f32[]=1 u8[]=0 f32[]=2 u8[]=3
MatMulInteger u8[4,3] u8[3,2] u8[1]=12 u8[1]=0
QuantizeLinear f32[6] f32[]=2 u8[]=128
DequantizeLinear u8[1,3,2] f32[3]=2,4,5 u8[3]=1 axis=1
DequantizeLinear i8[4,4] f32=[2,4] block_size=2 axis=0
DynamicQuantizeLinear*3 f32[6]
MaxPool*2 f32[1,1,5,5] kernel_shape=2,2 strides=2,2 ceil_mode=1
MaxPool f32[1,1,8] kernel_shape=3 dilations=2 pads=1,1
AveragePool f32[1,2,4,4] kernel_shape=3,3 pads=1,1,1,1 count_include_pad=1
LpPool f32[1,1,4,4] kernel_shape=2,2 p=3
MaxUnpool f32[1,1,2,2] i64[1,1,2,2]=5,7,13,15 kernel_shape=2,2 strides=2,2
GlobalAveragePool f32[1,2,3,3]
GlobalMaxPool f32[1,2,3,3]
GlobalLpPool f32[1,2,3,3]
MaxRoiPool f32[1,1,6,6] f32[2,5]=0,0,0,3,3 pooled_shape=2,2
RoiAlign f32[1,1,6,6] f32[2,4]=1,1,3,3 i64[2]=0 output_height=2 output_width=2
Col2Im f32[1,4,4] i64[2]=4,4 i64[2]=2,2 strides=2,2
Gemm f32[2,3] f32[3,4] f32[4] alpha=0.5 transA=0
MatMul f32[2,3,4] f32[4,2]
Einsum f32[2,3,4] f32[2,4,3] equation='bij,bjk->bik'
Einsum f32[3,3] equation='...ii->...i'
BatchNormalization f32[2,3,2,2] f32[3] f32[3] f32[3] f32[3]=1
BatchNormalization*3 f32[2,3,2] f32[3] f32[3] f32[3] f32[3]=1 training_mode=1
InstanceNormalization f32[2,3,4] f32[3] f32[3]
GroupNormalization f32[1,4,2,2] f32[4] f32[4] num_groups=2
GroupNormalization@18 f32[1,4,2,2] f32[2] f32[2] num_groups=2
LayerNormalization*3 f32[2,3,4] f32[4] f32[4]
RMSNormalization@23 f32[2,4] f32[4]
LpNormalization f32[2,4] p=1
LRN f32[1,5,2,2] size=3
MeanVarianceNormalization f32[2,3,2,2]
Softmax@11 f32[2,3,4] axis=1
LogSoftmax f32[2,3]
Hardmax f32[2,3]
Clip f32[2,3] f32[]=0 f32[]=1
Clip@6 f32[4] min=0.5 max=2.0
PRelu f32[2,3] f32[3]
LeakyRelu f32[4] alpha=0.1
Elu f32[4]
Selu f32[4]
Celu f32[4]
Gelu@20 f32[4] approximate='tanh'
HardSigmoid f32[4]
HardSwish f32[4]
Swish@24 f32[4]
Mish f32[4]
Softplus f32[4]
Softsign f32[4]
ThresholdedRelu f32[4]
Shrink f32[4]
Sigmoid f16[4]
Tanh f64[4]
Cast f32[4] to=16
Erf f32[4]
Sqrt f32[4]
Not bool[4]
BitwiseNot i32[4]
IsInf f32[4]
IsNaN f16[4]
Neg i64[4]
Add f32[2,1,3] f32[4,1]
Add@6 f32[2,3,4] f32[3] axis=1 broadcast=1
Div i32[4] i32[4]=1
Pow f32[4] i64[]=2
Mod i64[4] i64[4]=3 fmod=1
BitShift u8[4] u8[4]=1 direction='LEFT'
BitwiseAnd i32[4] i32[4]
Less i64[4] i64[]=2
And bool[4] bool[4]
Sum f32[4] f32[4] f32[4]
Max f16[4] f16[4]
Mean f32[4] f32[4]
Where bool[4] f32[4] f32[1]
Cast f32[4] to=10
CastLike f32[4] i64[1]
Dropout*2 f32[4]
ReduceSum f32[2,3,4] i64[1]=1 keepdims=0
ReduceMean@13 f32[2,3,4] axes=0,2
ReduceMax i64[2,3]
ReduceLogSumExp f32[2,3] i64[1]=-1
ArgMax f32[2,3] axis=1 select_last_index=1
CumSum f32[2,3] i64[]=1 reverse=1 exclusive=1
CumProd@26 f32[5] i64[]=0 exclusive=1
Concat f32[2,3] f32[2,1] axis=1
Split*2 f32[2,5] i64[2]=2,3 axis=1
Split*3 f32[6] num_outputs=3
Slice f32[4,5] i64[2]=3,0 i64[2]=-9,9 i64[2]=0,1 i64[2]=-1,2
Slice@9 f32[4,5] starts=1 ends=3 axes=0
Pad f32[2,3] i64[4]=1,0,0,2 f32[]=1
Pad f32[3,3] i64[4]=1,1,1,1 mode='reflect'
Pad f32[4] i64[2]=2,6 mode='wrap'
Transpose f32[2,3,4] perm=2,0,1
Flatten f32[2,3,4] axis=2
Reshape f32[2,3,4] i64[2]=0,-1
Reshape f32[N,6] i64[3]=-1,2,3
Squeeze f32[1,3,1] i64[1]=0
Unsqueeze f32[3] i64[2]=0,2
Expand f32[3,1] i64[3]=2,1,4
Tile f32[2,3] i64[2]=2,1
DepthToSpace f32[1,8,2,2] blocksize=2 mode='CRD'
SpaceToDepth f32[1,2,4,4] blocksize=2
ReverseSequence f32[4,3] i64[3]=1,2,4
Trilu f32[4,4] i64[]=1
CenterCropPad f32[5,3] i64[2]=3,6
ConstantOfShape i64[2]=2,3
Shape f32[N,3,M] start=1
Size f32[2,3]
Range i64[]=1 i64[]=9 i64[]=2
OneHot i64[3] i64[]=4 f32[2]=0,1
EyeLike f32[3,4] k=1
HannWindow i64[]=6
BlackmanWindow i64[]=6 periodic=0
Gather f32[4,3] i64[2]=1,-1 axis=1
GatherElements f32[3,3] i64[2,3]=1 axis=0
GatherND f32[2,3,4] i64[2,1]=1 batch_dims=1
ScatterElements f32[3,3] i64[2,3]=1 f32[2,3] reduction='add'
ScatterND f32[4,2] i64[2,1]=1,3 f32[2,2] reduction='max'
TensorScatter@24 f32[2,4,3] f32[2,2,3] i64[2]=1 mode='circular'
TopK*2 f32[2,5] i64[1]=2 largest=0
Unique*4 f32[6]=2,1,1
NonZero f32[2,3]
Compress f32[3,2] bool[3]=1,0,1 axis=0
NonMaxSuppression f32[1,4,4] f32[1,1,4] i64[]=2 f32[]=0.5 f32[]=0.1
Resize f32[1,1,4,4] - f32[4]=1,1,0.6,0.6 mode='cubic' antialias=1
Resize f32[1,1,2,2] f32[8]=0,0,0.2,0.2,1,1,0.8,0.8 - i64[4]=1,1,3,3 mode='linear' coordinate_transformation_mode='tf_crop_and_resize'
Resize f32[1,1,2,4] - - i64[2]=6,6 axes=2,3 keep_aspect_ratio_policy='not_larger'
Upsample@9 f32[1,1,2,2] f32[4]=1,1,2,2
GridSample f32[1,1,3,3] f32[1,2,2,2]=0.1,-0.5 padding_mode='reflection'
AffineGrid f32[1,2,3] i64[4]=1,1,2,3
NegativeLogLikelihoodLoss f32[2,3] i64[2]=1 f32[3] ignore_index=0
SoftmaxCrossEntropyLoss*2 f32[2,3,2] i64[2,2]=1 reduction='sum'
DFT f32[1,6,1] i64[]=6 i64[]=1 onesided=1
STFT f32[1,16,1] i64[]=4 f32[8]
RNN*2 f32[3,2,4] f32=[1,3,4] f32=[1,3,3] hidden_size=3
GRU*2 f32[2,1,2] f32=[1,9,2] f32=[1,9,3] f32=[1,18] linear_before_reset=1 direction='reverse'
LSTM*3 f32[2,1,2] f32=[2,12,2] f32=[2,12,3] f32=[2,24] - - - f32=[2,9] hidden_size=3 direction='bidirectional' clip=1.0
Attention@23 f32[1,2,3,4] f32[1,1,3,4] f32[1,1,3,4] is_causal=1 softcap=2.0
Attention*4@23 f32[1,3,8] f32[1,3,4] f32[1,3,4] bool[3,3]=1 q_num_heads=2 kv_num_heads=1
RotaryEmbedding@23 f32[1,2,3,4] f32[3,2] f32[3,2] i64[1,3]=0,1,2 interleaved=1
LinearAttention*2@27 f32[1,2,4] f32[1,2,4] f32[1,2,4] - f32[1,2,4] f32[1,2,2] q_num_heads=2 kv_num_heads=2
"""

INPUT = re.compile(r"([a-z]+)(\d*)(=?)\[([^\]]*)\](?:=(.*))?$")
# Attributes that are lists, even of one number.
LISTS = {"pads", "strides", "dilations", "kernel_shape", "axes", "starts", "ends", "perm", "output_shape"}


def numbers(text):
    return [float(n) if re.search(r"[.e]", n) else int(n) for n in text.split(",")]


def attribute(name, text):
    if text.startswith("'"):
        return text.strip("'")
    found = numbers(text)
    return found if name in LISTS or len(found) > 1 else found[0]


def case(line):
    """A model of the one operation that a line of CASES says."""
    operation, *words = line.split()
    operation, outputs, opset = re.fullmatch(r"(\w+?)(?:\*(\d))?(?:@(\d+))?", operation).groups()
    inputs, constants, names, attributes = [], [], [], {}
    for i, word in enumerate(words):
        found = INPUT.match(word)
        if word == "-":
            names.append("")
        elif found:
            kind, bits, constant, dims, values = found.groups()
            dtype = np.dtype("?" if kind == "bool" else f"{kind}{int(bits) // 8}")
            dims = [int(n) if n.isdigit() else n for n in dims.split(",") if n]
            names.append(f"x{i}")
            if constant or values:
                elements = numbers(values) if values else range(int(np.prod(dims)))
                constants.append((f"x{i}", np.resize(np.array(elements), dims).astype(dtype)))
            else:
                inputs.append((f"x{i}", dtype, dims))
        else:
            name, text = word.split("=", 1)
            attributes[name] = attribute(name, text)
    results = [f"y{i}" for i in range(int(outputs or 1))]
    node = onnx_model.node(operation, names, results, **attributes)
    return onnx_model.model([node], inputs, [(name,) for name in results], constants, opset=int(opset or 21))


def body(nodes, inputs, outputs):
    return onnx_model.graph(nodes, [(name,) for name in inputs], [(name,) for name in outputs])


def control():
    """Models of graphs within graphs."""
    node, outputs = onnx_model.node, [("y",), ("z",)]
    x = ("x", np.float32, ["N", 2])
    step = body([node("Add", ["a", "x"], ["b"]), node("Identity", ["c"], ["d"])], ["i", "c", "a"], ["d", "b", "b"])
    yield onnx_model.model([node("Loop", ["n", "", "x"], ["y", "z"], body=step)], [x], outputs, [("n", np.int64(3))])
    scan = body([node("Add", ["a", "e"], ["b"]), node("Relu", ["e"], ["f"])], ["a", "e"], ["b", "f"])
    yield onnx_model.model(
        [node("Scan", ["s", "x"], ["y", "z"], num_scan_inputs=1, body=scan)],
        [("s", np.float32, [2]), ("x", np.float32, [3, 2])], outputs)
    branches = {"then_branch": body([node("Relu", ["x"], ["t"])], [], ["t"]),
                "else_branch": body([node("Neg", ["x"], ["e"])], [], ["e"])}
    choice = [node("If", ["c"], ["y"], **branches)]
    yield onnx_model.model(choice, [x], outputs[:1], [("c", np.bool_(True))])
    yield onnx_model.model(choice, [x, ("c", np.bool_, [])], outputs[:1])


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    models = [case(line) for line in CASES.split("\n") if line] + list(control())
    for i, data in enumerate(models):
        (folder / f"{i:03}.onnx").write_bytes(data)


main()

#!/usr/bin/env python3
"""Finds faces in a JPEG with UltraFace (https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB) and prints
their boxes: left, top, right, bottom as parts of the picture's width and height, and the score.

    dl-export convert version-RFB-320.onnx -o faces.dlrt --preprocess color=rgb --preprocess resize=stretch \\
      --preprocess mean=127 --preprocess std=128
"""

import argparse
import sys

import dlrt
import numpy as np


def suppress(boxes, scores, overlap):
    """Non-maximum suppression: the best boxes of which no two share more than `overlap` of their union."""
    left, top, right, bottom = boxes.T
    areas = (right - left) * (bottom - top)
    order, kept = np.argsort(-scores, kind="stable"), []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(best)
        width = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        height = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        order = rest[shared <= overlap * (areas[best] + areas[rest] - shared)]
    return kept


def main() -> int:
    arguments = argparse.ArgumentParser(description="Find faces in a JPEG.")
    arguments.add_argument("--score", type=float, default=0.7, help="the least score of a face")
    arguments.add_argument("--overlap", type=float, default=0.3, help="the most that two faces may overlap")
    arguments.add_argument("model", metavar="MODEL.dlrt")
    arguments.add_argument("image", metavar="IMAGE.jpg")
    options = arguments.parse_args()
    try:
        with dlrt.load(options.model) as model, model.session() as session:
            outputs = session.run_jpeg(options.image)
    except (dlrt.Error, OSError) as problem:
        print(f"detect_faces: {problem}", file=sys.stderr)
        return 1
    scores, boxes = outputs["scores"][0, :, 1], outputs["boxes"][0]
    likely = scores > options.score
    scores, boxes = scores[likely], boxes[likely]
    for face in suppress(boxes, scores, options.overlap):
        print(*(f"{edge:.4f}" for edge in boxes[face]), f"{scores[face]:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

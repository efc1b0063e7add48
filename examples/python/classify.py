#!/usr/bin/env python3
"""Classifies a JPEG with a .dlrt model and prints the best classes with their scores.

examples/c/classify.c prints the same lines.
"""

import argparse
import sys

import dlrt


def main() -> int:
    arguments = argparse.ArgumentParser(description="Classify a JPEG with a .dlrt model.")
    arguments.add_argument("--threads", type=int, default=1, metavar="N")
    arguments.add_argument("--top", type=int, default=5, metavar="K")
    arguments.add_argument("model", metavar="MODEL.dlrt")
    arguments.add_argument("image", metavar="IMAGE.jpg")
    options = arguments.parse_args()
    try:
        with dlrt.load(options.model) as model, model.session(threads=options.threads) as session:
            session.run_jpeg(options.image)
            for guess in session.top_k(options.top):
                label = f"class {guess.index}" if guess.label is None else guess.label
                print(f"{guess.score:<15.9g} {label}")
    except (dlrt.Error, OSError) as problem:
        print(f"classify: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

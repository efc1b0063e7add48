import DLGraph
import FoundationEssentials

// Attributes of nodes in ONNX.
extension Onnx_AttributeProto {
  static func int(_ name: String, _ value: Int) -> Self { .with { ($0.name, $0.type, $0.i) = (name, .int, Int64(value)) } }
  static func flag(_ name: String, _ value: Bool) -> Self { .int(name, value ? 1 : 0) }
  static func ints(_ name: String, _ values: [Int]) -> Self {
    .with { ($0.name, $0.type, $0.ints) = (name, .ints, values.map { Int64($0) }) }
  }
  static func float(_ name: String, _ value: Float) -> Self { .with { ($0.name, $0.type, $0.f) = (name, .float, value) } }
  static func text(_ name: String, _ value: String) -> Self {
    .with { ($0.name, $0.type, $0.s) = (name, .string, Data(value.utf8)) }
  }
}

/// What ONNX has a word for.
protocol OnnxWord: CaseIterable {
  var onnx: String { get }
}

func words<T: OnnxWord>(of _: T.Type) -> [String: T] { Dictionary(uniqueKeysWithValues: T.allCases.map { ($0.onnx, $0) }) }

extension Window {
  /// Of a convolution.
  var attributes: [Onnx_AttributeProto] {
    let padding: Onnx_AttributeProto =
      switch rule {
      case .explicit: .ints("pads", padBegin + padEnd)
      case .sameUpper: .text("auto_pad", "SAME_UPPER")
      case .sameLower: .text("auto_pad", "SAME_LOWER")
      }
    return [.ints("strides", strides), .ints("dilations", dilations), padding]
  }

  /// Of pooling.
  func attributes(kernel: [Int]) -> [Onnx_AttributeProto] {
    attributes + [.ints("kernel_shape", kernel), .flag("ceil_mode", ceil)]
  }
}

extension Resize {
  var attributes: [Onnx_AttributeProto] {
    let list: [Onnx_AttributeProto] = [
      .text("mode", mode.onnx), .text("coordinate_transformation_mode", coordinates.onnx),
      .text("nearest_mode", rounding.onnx), .text("keep_aspect_ratio_policy", aspect.onnx),
      .float("cubic_coeff_a", cubic), .flag("exclude_outside", excludesOutside), .flag("antialias", antialias),
      .float("extrapolation_value", extrapolation),
    ]
    return axes.isEmpty ? list : list + [.ints("axes", axes)]
  }
}

extension Resize.Mode: OnnxWord {
  var onnx: String {
    switch self {
    case .nearest: "nearest"
    case .linear: "linear"
    case .cubic: "cubic"
    }
  }
}

extension Resize.Coordinates: OnnxWord {
  var onnx: String {
    switch self {
    case .halfPixel: "half_pixel"
    case .halfPixelSymmetric: "half_pixel_symmetric"
    case .pytorchHalfPixel: "pytorch_half_pixel"
    case .alignCorners: "align_corners"
    case .asymmetric: "asymmetric"
    case .cropAndResize: "tf_crop_and_resize"
    }
  }
}

extension Resize.Rounding: OnnxWord {
  var onnx: String {
    switch self {
    case .halfDown: "round_prefer_floor"
    case .halfUp: "round_prefer_ceil"
    case .floor: "floor"
    case .ceil: "ceil"
    }
  }
}

extension Resize.Aspect: OnnxWord {
  var onnx: String {
    switch self {
    case .stretch: "stretch"
    case .notLarger: "not_larger"
    case .notSmaller: "not_smaller"
    }
  }
}

extension RoiAlign {
  var attributes: [Onnx_AttributeProto] {
    [
      .int("output_height", height), .int("output_width", width), .int("sampling_ratio", samples),
      .float("spatial_scale", scale), .text("mode", isMaximum ? "max" : "avg"),
      .text("coordinate_transformation_mode", halfPixel ? "half_pixel" : "output_half_pixel"),
    ]
  }
}

extension GridSample {
  var attributes: [Onnx_AttributeProto] {
    [.text("mode", mode.onnx), .text("padding_mode", padding.onnx), .flag("align_corners", alignCorners)]
  }
}

extension GridSample.Padding: OnnxWord {
  var onnx: String {
    switch self {
    case .zeros: "zeros"
    case .border: "border"
    case .reflection: "reflection"
    }
  }
}

extension ScatterReduction: OnnxWord {
  var onnx: String {
    switch self {
    case .replace: "none"
    case .add: "add"
    case .multiply: "mul"
    case .minimum: "min"
    case .maximum: "max"
    }
  }
}

extension PadMode: OnnxWord {
  var onnx: String {
    switch self {
    case .constant: "constant"
    case .reflect: "reflect"
    case .edge: "edge"
    case .wrap: "wrap"
    }
  }
}

/// How weights start.
public enum Initialiser: Sendable {
  case zero
  /// Normal with a fixed small deviation.
  case smallRandom(deviation: Double = 0.01)
  /// For ReLU: variance 2 / inputs. He et al. 2015.
  case heNormal
  case heUniform
  /// For tanh and sigmoid: variance 2 / (inputs + outputs). Glorot and Bengio 2010.
  case xavierNormal
  case xavierUniform

  /// - Parameters:
  ///   - inputs: the number of inputs that one output sums over (fan-in)
  ///   - outputs: the number of outputs that one input goes to (fan-out)
  func tensor<Scalar: TensorScalar>(
    _ shape: [Int], inputs: Int, outputs: Int, using generator: inout Generator
  ) -> Tensor<Scalar> {
    switch self {
    case .zero: Tensor(zeros: shape)
    case .smallRandom(let deviation): normal(shape, deviation, &generator)
    case .heNormal: normal(shape, (2 / Double(inputs)).squareRoot(), &generator)
    case .heUniform: uniform(shape, (6 / Double(inputs)).squareRoot(), &generator)
    case .xavierNormal: normal(shape, (2 / Double(inputs + outputs)).squareRoot(), &generator)
    case .xavierUniform: uniform(shape, (6 / Double(inputs + outputs)).squareRoot(), &generator)
    }
  }

  private func normal<Scalar>(_ shape: [Int], _ deviation: Double, _ generator: inout Generator) -> Tensor<Scalar> {
    draw(shape, &generator) { $0.normal() * deviation }
  }

  private func uniform<Scalar>(_ shape: [Int], _ bound: Double, _ generator: inout Generator) -> Tensor<Scalar> {
    draw(shape, &generator) { $0.uniform(-bound...bound) }
  }

  private func draw<Scalar>(
    _ shape: [Int], _ generator: inout Generator, _ next: (inout Generator) -> Double
  ) -> Tensor<Scalar> {
    var drawn = generator
    let tensor = Tensor<Scalar>(uninitialized: shape) { start in
      for i in 0..<shape.reduce(1, *) { start[i] = Scalar(next(&drawn)) }
    }
    generator = drawn
    return tensor
  }
}

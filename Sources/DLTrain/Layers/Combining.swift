import DLGraph
import KernelTypes

// Layers made of others.

/// x + body(x), or shortcut(x) + body(x). He et al. 2016.
public struct Residual<Scalar: TensorScalar>: Layer {
  public let body: any Layer<Scalar>
  public let shortcut: (any Layer<Scalar>)?

  public init(_ body: any Layer<Scalar>, shortcut: (any Layer<Scalar>)? = nil) {
    self.body = body
    self.shortcut = shortcut
  }

  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { body(x) + (shortcut?(x) ?? x) }

  public var parameters: Parameters<Scalar> {
    var all: Parameters<Scalar> = ["body": body]
    if let shortcut { all.append(shortcut, as: "shortcut") }
    return all
  }
}

/// The outputs of several layers for one input, their channels one after the other. Szegedy et al. 2015.
public struct Branches<Scalar: TensorScalar>: Layer {
  public let branches: [any Layer<Scalar>]

  public init(_ branches: any Layer<Scalar>...) { self.branches = branches }

  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { concatenate(branches.map { $0(x) }, axis: 1) }

  public var parameters: Parameters<Scalar> {
    var all: Parameters<Scalar> = [:]
    for (i, branch) in branches.enumerated() { all.append(branch, as: "branch\(i + 1)") }
    return all
  }
}

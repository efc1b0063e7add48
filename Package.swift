// swift-tools-version: 6.1
// Two builds of one runtime: `DLRT_EMBEDDED=1` compiles the runtime modules as Embedded Swift into libdlrt.so,
// which needs libc, libm and libjpeg only; without it they are ordinary Swift for the tests, DLTrain and the tools.
import PackageDescription

let embedded = Context.environment["DLRT_EMBEDDED"] == "1"
let root = Context.packageDirectory

let embeddedFlags: [SwiftSetting] =
  embedded
  ? [
    .enableExperimentalFeature("Embedded"),
    .unsafeFlags(["-Xfrontend", "-function-sections", "-Xfrontend", "-disable-incremental-llvm-codegen"]),
  ] : []
/// All but the kernels is compiled for size: it checks, plans and reports, and is done before the first multiplication. So it
/// goes without the passes that copy code: functions for each closure, loop conditions, blocks before a jump.
let sizeFlags =
  [
    "-Osize", "-Xfrontend", "-mergeable-traps", "-Xllvm", "-enable-machine-outliner", "-Xllvm", "-split-spill-mode=size",
    "-Xllvm", "-disable-early-taildup",
  ]
  + ["closure-specialize", "loop-rotate", "jumpthread-simplify-cfg"].flatMap { ["-Xllvm", "-sil-disable-pass=\($0)"] }
let runtimeFlags: [SwiftSetting] = embeddedFlags + (embedded ? [.unsafeFlags(sizeFlags)] : [])

/// Kernels are written without checks of their own (callers pass checked shapes) and live off full unrolling of the tiles.
func kernelSettings(_ extra: [String] = [], define: String? = nil) -> [SwiftSetting] {
  embeddedFlags + [.unsafeFlags(["-Ounchecked", "-Xllvm", "-unroll-threshold=3000"] + extra)]
    + (define.map { [.define($0)] } ?? [])
}

#if arch(x86_64)
  // -mprfchw: to ask for a line that will be written. Processors that cannot do nothing.
  let isaTargets: [Target] = [
    .target(
      name: "KernelsAVX2", dependencies: ["CPlatform", "KernelTypes"],
      swiftSettings: kernelSettings(["-Xcc", "-march=x86-64-v3", "-Xcc", "-mprfchw"], define: "DLRT_AVX2")),
    .target(
      name: "KernelsAVX512", dependencies: ["CPlatform", "KernelTypes"],
      swiftSettings: kernelSettings(
        ["-Xcc", "-march=x86-64-v4", "-Xcc", "-mavx512vnni", "-Xcc", "-mprfchw"], define: "DLRT_AVX512")),
  ]
#else
  let isaTargets: [Target] = []
#endif
let isaDependencies: [Target.Dependency] = isaTargets.map { .byName(name: $0.name) }

let runtimeTargets: [Target] =
  [
    .systemLibrary(name: "CDLRT", path: "include"),
    .target(
      name: "CPlatform",
      cSettings: [
        // Embedded Swift has no tables to unwind by either.
        .unsafeFlags(
          ["-Os", "-fno-plt", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections"]
            + (embedded ? ["-fno-asynchronous-unwind-tables"] : []))
      ],
      linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("m")]),
    .target(name: "KernelTypes", swiftSettings: runtimeFlags),
    .target(name: "Kernels", dependencies: ["CPlatform", "KernelTypes"], swiftSettings: kernelSettings()),
    .target(
      name: "DLGraph", dependencies: ["CPlatform", "KernelTypes"], exclude: ["FORMAT.md"], swiftSettings: runtimeFlags),
    .target(name: "DLImage", dependencies: ["CPlatform", "DLGraph"], swiftSettings: runtimeFlags),
    // The baseline objects come first on the link line: their weak copies of runtime helpers are the ones that win.
    .target(
      name: "DLRuntime", dependencies: ["CPlatform", "KernelTypes", "Kernels", "DLGraph"] + isaDependencies,
      swiftSettings: runtimeFlags),
    .target(
      name: "DLRT", dependencies: ["CDLRT", "DLRuntime", "DLImage", "DLGraph", "CPlatform"], exclude: ["dlrt.map"],
      swiftSettings: runtimeFlags,
      linkerSettings: embedded
        ? [
          .unsafeFlags([
            "-Xlinker", "--version-script=\(root)/Sources/DLRT/dlrt.map", "-Xlinker", "-soname=libdlrt.so.1",
            "-use-ld=lld", "-Xlinker", "-O2", "-Xlinker", "--icf=all", "-Xlinker", "--gc-sections", "-Xlinker", "--no-undefined",
          ])
        ] : []),
  ] + isaTargets

let package = Package(name: "dlrt")
package.targets = runtimeTargets

if embedded {
  package.products = [.library(name: "dlrt", type: .dynamic, targets: ["DLRT"])]
} else {
  package.products = [
    .library(name: "DLTrain", targets: ["DLTrain", "DLZoo"]),
    .library(name: "DLRuntime", targets: ["DLRuntime", "DLGraph", "DLImage"]),
    .executable(name: "dl-export", targets: ["dl-export"]),
    .executable(name: "dl-bench", targets: ["dl-bench"]),
  ]
  package.dependencies = [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
  ]
  package.targets += [
    .systemLibrary(name: "CZlib"),
    .target(
      name: "DLTrain", dependencies: ["CZlib", "CPlatform", "KernelTypes", "Kernels", "DLGraph", "DLRuntime", "DLImage"]),
    .target(name: "DLZoo", dependencies: ["DLTrain", "DLGraph", "KernelTypes"]),
    .target(
      name: "DLOnnx",
      dependencies: ["KernelTypes", "DLGraph", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["Protobuf/README.md", "Protobuf/onnx.proto3"]),
    .executableTarget(
      name: "dl-export",
      dependencies: [
        "CZlib", "KernelTypes", "DLGraph", "DLImage", "DLOnnx", "DLRuntime", "DLZoo",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "dl-bench",
      dependencies: [
        "CDLRT", "CPlatform", "KernelTypes", "DLGraph", "DLRuntime",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "classify",
      dependencies: [
        "DLGraph", "DLImage", "DLRuntime", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "examples/swift/classify"),
    .executableTarget(
      name: "train-lenet",
      dependencies: ["DLTrain", "DLImage", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      path: "examples/swift/train-lenet"),
    // The one table of cases for each operation, shared by the value, gradient and format tests.
    .target(name: "TestSupport", dependencies: ["DLGraph", "KernelTypes"], path: "Tests/Support"),
    // What the fuzzer does with a file; a test does it with those the fuzzer has kept.
    .target(
      name: "FuzzTargets", dependencies: ["TestSupport", "DLOnnx", "DLRuntime", "DLGraph"], path: "Tests/fuzz/Targets"),
    .testTarget(
      name: "KernelsTests", dependencies: ["TestSupport", "DLGraph", "Kernels", "DLRuntime"] + isaDependencies,
      path: "Tests/Kernels"),
    .testTarget(name: "DLGraphTests", dependencies: ["TestSupport", "DLGraph"], path: "Tests/DLGraph"),
    .testTarget(
      name: "DLRuntimeTests", dependencies: ["TestSupport", "CPlatform", "DLRuntime", "DLGraph"], path: "Tests/DLRuntime"),
    .testTarget(name: "DLImageTests", dependencies: ["TestSupport", "CZlib", "DLImage", "DLGraph"], path: "Tests/DLImage"),
    .testTarget(
      name: "DLOnnxTests",
      dependencies: [
        "TestSupport", "FuzzTargets", "DLOnnx", "DLRuntime", "DLGraph",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], path: "Tests/DLOnnx"),
    .testTarget(
      name: "DLTrainTests", dependencies: ["TestSupport", "DLTrain", "DLRuntime", "DLGraph"], path: "Tests/DLTrain"),
    .testTarget(
      name: "DLZooTests", dependencies: ["TestSupport", "DLZoo", "DLTrain", "DLRuntime", "DLGraph"], path: "Tests/DLZoo"),
  ]
}

// libFuzzer has the main function: Tests/fuzz/run.py builds it.
if Context.environment["DLRT_FUZZ"] == "1" {
  package.targets.append(
    .executableTarget(name: "fuzz", dependencies: ["FuzzTargets", "TestSupport"], path: "Tests/fuzz/Program"))
}

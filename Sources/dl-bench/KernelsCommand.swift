import ArgumentParser

struct KernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "kernels", abstract: "x")
  func run() throws {}
}

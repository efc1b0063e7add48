import ArgumentParser
import DLGraph
import DLRuntime

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows a model: its nodes, shapes, parameters, multiply-accumulates (MACs) and bytes moved.",
    discussion: """
      MACs are multiplications whose product is added to a sum. Bytes are those of all inputs of a node, read once, and of its \
      output, written once. Both need sizes: a free first dimension of an input (the batch) counts as 1, others by --size. \
      The table leaves out attributes that change nothing, such as a stride of 1.

      --plan shows each node of a run with its kernel, its layout and where its output lies in the arena, the memory that tensors \
      share; one that has no kernel needs no work, one that is "outside" lies in an input, an output or a constant. Where sizes \
      follow from elements, a run goes in stages; the later ones are shown as a run on random input finds them.
      """)

  @Argument(help: "A .dlrt file.", completion: .file(extensions: ["dlrt"])) var model: String
  @Flag(help: "How to show it.") var form: Form?
  @Option(
    help: "Write a page to this file instead: the graph drawn, its costs, plan and weights. It needs no network.",
    completion: .file())
  var html: String?
  @Flag(help: "Add to the page what each node takes in runs on random input.") var profile = false
  @Option(help: "The size of a free dimension, as NAME=SIZE. May be repeated.") var size: [FreeSize] = []

  @Option(help: "Threads that --plan is made for and --profile measures with.") var threads = 1

  enum Form: EnumerableFlag {
    case table, json, dot, plan

    static func help(for form: Form) -> ArgumentHelp? {
      switch form {
      case .table: "A table to read (the default)."
      case .json: "JSON: the same keys in every release, others may be added."
      case .plan: "What a run on this machine does: kernels, layouts, memory."
      case .dot: "A drawing in the language of Graphviz."
      }
    }
  }

  func validate() throws {
    if html != nil, form != nil { throw ValidationError("--html and another form at once") }
    if profile, html == nil { throw ValidationError("--profile is for --html; dl-bench run --profile prints a table") }
    guard 1...256 ~= threads else { throw ValidationError("--threads: expected 1 to 256, found \(threads)") }
  }

  func run() throws {
    do {
      let storage = try Storage.mapping(model)
      let report = try Report(readModel(storage), byteCount: storage.byteCount, sizes: size)
      if let html {
        return try report.writeHTML(to: html, version: formatVersion(of: storage), threads: threads, profile: profile)
      }
      switch form ?? .table {
      case .table: print(report.table())
      case .json: print(try report.json())
      case .dot: print(report.dot())
      case .plan: print(try report.plan(threads: threads))
      }
    } catch let error as DLError { throw Failure(error, path: model) }
  }
}

/// NAME=SIZE.
struct FreeSize: ExpressibleByArgument {
  let name: Name
  let size: Int

  init?(argument: String) {
    guard let equals = argument.lastIndex(of: "="), let size = Int(argument[argument.index(after: equals)...]), size >= 0 else {
      return nil
    }
    name = Name(String(argument[..<equals]))
    self.size = size
  }
}

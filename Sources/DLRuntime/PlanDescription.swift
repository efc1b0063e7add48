import DLGraph

/// One node of a plan, as `dl-export inspect --plan` shows it.
public struct PlannedNode {
  public var name: Name
  /// Of the model's operation; "layout" and "copy" where the runtime has added one.
  public var op: StaticString
  /// What computes it; nil where the output lies in memory that is already as it should be.
  public var kernel: StaticString?
  public var isChannelsLast: Bool
  public var type: TensorType
  /// Where the first output lies: the offset in the arena; nil outside.
  public var offset: Int?
  /// Whether a later node's step computes it too, and its output never exists as a whole.
  public var isInParts: Bool
  /// The value's name if the output is a part of that one.
  public var whole: Name?
  public var bytes: Int
  public var flops: Double
}

/// What a run does, and the memory it takes.
public struct PlanDescription {
  /// What is planned at once: of most models all. Where sizes follow from elements, a stage ends.
  public struct Stage {
    public var nodes: [PlannedNode]
    public var arenaBytes: Int
    /// Bytes of the values that are needed at once, at most: no arena can be smaller.
    public var liveBytes: Int
  }

  public var stages: [Stage]
  public var packedBytes: Int
  /// Whether no stage is missing.
  public var isWhole: Bool

  /// The first stage of a run with these input sizes: later ones follow from the elements that it computes.
  public init(_ model: Model, inputSizes: [[Int]], threads: Int) throws(DLError) {
    let plan = try Plan(model.program, model.kernels, inputSizes: inputSizes, threads: threads)
    self.init(model, [plan], isWhole: plan.stage.isLast)
  }

  /// The stages of the last run; of one that failed, those that were planned before it did.
  public init(_ session: Session) { self.init(session.model, session.stages, isWhole: session.hasRun) }

  private init(_ model: Model, _ plans: [Plan], isWhole: Bool) {
    stages = plans.map { Stage($0, model.program) }
    packedBytes = model.packedBytes
    self.isWhole = isWhole
  }
}

extension PlanDescription.Stage {
  fileprivate init(_ plan: Plan, _ program: Program) {
    nodes = []
    var step = 0
    for (n, node) in program.nodes.enumerated() where plan.stage.isLive[n] {
      let described = describe(n, program, plan.types)
      var kernel: StaticString?
      while step < plan.steps.count && plan.origins[step] == n {
        kernel = kernel ?? plan.steps[step].kernel
        step += 1
      }
      let isInParts = step < plan.steps.count && n > plan.origins[step] - plan.steps[step].nodes
      if isInParts { kernel = plan.steps[step].kernel }
      let output = node.output
      var offset: Int?
      if case .arena(let place) = plan.locations[output], !isInParts { offset = place }
      nodes.append(
        PlannedNode(
          name: node.name, op: described.op, kernel: kernel, isChannelsLast: program.values[output].layout == .channelsLast,
          type: TensorType(plan.types[output].dtype, sizes: plan.types[output].sizes), offset: offset,
          isInParts: isInParts, whole: plan.wholes[output].map { program.values[$0].name }, bytes: described.bytes,
          flops: described.flops))
    }
    arenaBytes = plan.arenaBytes
    liveBytes = plan.liveBytes
  }
}

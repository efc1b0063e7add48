import DLGraph
import DLRuntime

extension Report {
  /// Writes a page about the model. profile: with the time of each node in runs on random input.
  func writeHTML(to path: String, version: String, threads: Int, profile: Bool) throws(DLError) {
    try writeFile(path, bytes: Array(page(version: version, threads: threads, profile: profile).html().text.utf8))
  }

  private func page(version: String, threads: Int, profile: Bool) throws(DLError) -> Page {
    if profile {
      let model = try Model(graph)
      let session = Session(model, pool: try ThreadPool(threads: threads))
      try session.setInputs(model.randomInputs(sizes: inputSizes()))
      let times = try NodeTimes(session, threads: threads)
      return Page(self, version: version, plan: PlanDescription(session), planFailure: nil, times: times)
    }
    // A page without a plan is still one: the sizes of a run may not be known.
    do {
      let (plan, failure) = try planned(Model(graph), threads: threads)
      return Page(self, version: version, plan: plan, planFailure: failure, times: nil)
    } catch { return Page(self, version: version, plan: nil, planFailure: error.message, times: nil) }
  }
}

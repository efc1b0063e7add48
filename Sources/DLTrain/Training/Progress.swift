import Foundation

/// Shows how far a pass over the data is, with running loss and accuracy and the time left: a bar that is redrawn on a terminal,
/// a plain line now and then elsewhere.
public final class Progress {
  private let title: String
  private let isTerminal: Bool
  private let write: (String) -> Void
  private let start = ContinuousClock.now
  private var shown = ContinuousClock.now
  private var first: Int?
  private var loss = 0.0
  private var correct = 0
  private var count = 0

  /// - Parameters:
  ///   - isTerminal: whether lines can be redrawn; standard output decides unless given
  ///   - write: where the text goes; standard output unless given
  public init(_ title: String, isTerminal: Bool? = nil, write: ((String) -> Void)? = nil) {
    self.title = title
    self.isTerminal = isTerminal ?? (isatty(STDOUT_FILENO) != 0)
    self.write =
      write ?? {
        print($0, terminator: "")
        fflush(nil)
      }
  }

  /// After step `step` of `steps`.
  public func update(_ step: Int, of steps: Int, loss: Float, correct: Int, count: Int) {
    first = first ?? step - 1
    self.loss += Double(loss) * Double(count)
    self.correct += correct
    self.count += count
    let isLast = step == steps
    let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
    guard isLast || shown.duration(to: .now) >= pause else { return }
    shown = .now
    let line = line(step, steps)
    write(isTerminal ? "\r\u{1B}[2K" + line + (isLast ? "\n" : "") : line + "\n")
  }

  private func line(_ step: Int, _ steps: Int) -> String {
    let elapsed = start.duration(to: .now) / .seconds(1)
    let share = Double(step) / Double(max(1, steps))
    let done = Double(max(1, step - (first ?? 0)))
    let time =
      step < steps
      ? String(format: "%3.0f s left", elapsed / done * Double(steps - step)) : String(format: "%5.1f s", elapsed)
    let figures = String(
      format: "loss %.4f  accuracy %5.2f %%  ", loss / Double(max(1, count)), 100 * Double(correct) / Double(max(1, count)))
    let position = "\(step)/\(steps)"
    guard isTerminal else { return "\(title)  \(position)  \(figures)\(time)" }
    let width = 24
    let filled = Int(share * Double(width))
    let bar = String(repeating: "━", count: filled) + "\u{1B}[2m" + String(repeating: "─", count: width - filled) + "\u{1B}[0m"
    return "\(title)  \u{1B}[36m\(bar)  \(position)  \(figures)\(time)"
  }
}

extension Progress {
  /// For `Trainer.epoch`.
  public func update<Model>(_ step: Int, of steps: Int, _ found: Trainer<Model>.Step) {
    update(step, of: steps, loss: found.loss, correct: found.correct, count: found.count)
  }
}

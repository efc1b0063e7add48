import ArgumentParser
import CPlatform
import Glibc

/// CPUs to stay on.
struct CPUList: ExpressibleByArgument {
  var cpus: [Int]

  init(cpus: [Int]) { self.cpus = cpus }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    cpus = parts.compactMap { Int($0) }
    guard cpus.count == parts.count, cpus.allSatisfy({ (0..<1024).contains($0) }) else { return nil }
  }

  /// Restricts this process, and the threads it starts later, to the CPUs.
  func pin() throws {
    var mask = cpu_set_t()
    withUnsafeMutableBytes(of: &mask) { bytes in
      for cpu in cpus { bytes[cpu / 8] |= 1 << (cpu % 8) }
    }
    // Glibc's headers show this function to programs that define _GNU_SOURCE only.
    typealias SetAffinity = @convention(c) (pid_t, Int, UnsafePointer<cpu_set_t>) -> Int32
    guard let symbol = dlsym(nil, "sched_setaffinity"),
      unsafeBitCast(symbol, to: SetAffinity.self)(0, MemoryLayout<cpu_set_t>.size, &mask) == 0
    else { throw BenchError("--cpu: this process may not run on \(cpus)") }
  }
}

/// How many CPUs this process may run on.
func cpuCount() -> Int { Int(dlp_cpu_count()) }

/// Memory of this process in bytes, as the system counts it: pages held now, and the most there ever were.
struct ProcessMemory: Encodable {
  var resident = 0
  var peak = 0

  /// The same with the most from now on, where the system can forget what there was before.
  static func startOver() -> ProcessMemory {
    if let file = fopen("/proc/self/clear_refs", "w") {
      fputs("5", file)
      fclose(file)
    }
    return now()
  }

  static func now() -> ProcessMemory {
    var memory = ProcessMemory()
    guard let file = fopen("/proc/self/status", "r") else { return memory }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let fields = line.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }.split { $0 == " " || $0 == "\t" }
      guard fields.count >= 2, let kilobytes = Int(fields[1]) else { continue }
      if fields[0] == "VmRSS:" { memory.resident = kilobytes * 1024 }
      if fields[0] == "VmHWM:" { memory.peak = kilobytes * 1024 }
    }
    return memory
  }
}

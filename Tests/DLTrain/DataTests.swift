import DLGraph
import DLTrain
import Testing

@Suite struct DataTests {
  @Test func theGeneratorIsXoshiro() {
    // The first outputs after SplitMix64 filled the state from 0, computed by the published C code.
    var generator = Generator(seed: 0)
    #expect(
      (0..<4).map { _ in generator.next() } == [
        0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0, 0x6AA5_94F1_262D_2D2C,
      ])
  }

  @Test func randomNumbersAreSpreadAsTheyShould() {
    var generator = Generator(seed: 1)
    let count = 100_000
    let uniform = (0..<count).map { _ in generator.uniform() }
    #expect(uniform.allSatisfy { 0 <= $0 && $0 < 1 })
    #expect(abs(uniform.reduce(0, +) / Double(count) - 0.5) < 0.005)
    let normal = (0..<count).map { _ in generator.normal() }
    #expect(abs(normal.reduce(0, +) / Double(count)) < 0.02)
    #expect(abs(normal.reduce(0) { $0 + $1 * $1 } / Double(count) - 1) < 0.02)
    var counts = [0, 0, 0]
    for _ in 0..<30_000 { counts[generator.integer(below: 3)] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10_000) < 400 })
    #expect(generator.permutation(of: 100).sorted() == Array(0..<100))
    #expect(generator.permutation(of: 0) == [])
  }

  @Test func splitsWithoutOverlap() {
    var generator = Generator(seed: 1)
    // Each image is told by its pixel.
    guard
      let data = try? ImageDataset(
        shape: [1, 1, 1], pixels: (0..<100).map { UInt8($0) }, labels: (0..<100).map { $0 },
        normalisation: Normalisation(mean: [0], std: [1]))
    else {
      Issue.record("the dataset is valid")
      return
    }
    let (train, dev, test) = data.split(dev: 0.2, test: 0.1, using: &generator)
    #expect((train.count, dev.count, test.count) == (70, 20, 10))
    #expect((train.labels + dev.labels + test.labels).sorted() == Array(0..<100))
    #expect(train.labels != train.labels.sorted())
    for part in [train, dev, test] { #expect(part.pixels.map { Int($0) } == part.labels) }
  }

  @Test func datasetsThatDoNotFitAreRefused() {
    let gray = Normalisation(mean: [0], std: [1])
    #expect(throws: DLError.self) { try ImageDataset(shape: [1, 2, 2], pixels: [1, 2, 3], labels: [0], normalisation: gray) }
    #expect(throws: DLError.self) { try ImageDataset(shape: [3, 1, 1], pixels: [1, 2, 3], labels: [0], normalisation: gray) }
    #expect(throws: DLError.self) { try ImageDataset(shape: [1, 1], pixels: [1], labels: [0], normalisation: gray) }
  }

  @Test func syntheticDigitsComeFromTheirSeed() {
    let digits = SyntheticDigits.dataset(count: 200, seed: 4)
    #expect(digits.pixels == SyntheticDigits.dataset(count: 200, seed: 4).pixels)
    #expect(digits.pixels != SyntheticDigits.dataset(count: 200, seed: 5).pixels)
    #expect(digits.pixels.starts(with: SyntheticDigits.dataset(count: 50, seed: 4).pixels))
    #expect(digits.labels[..<11] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0])
    for i in 0..<digits.count {
      let image = digits.image(i)
      // Strokes cover some of the image, never most of it, and stay inside.
      let ink = image.reduce(0) { $0 + Int($1) } / 255
      #expect(20...350 ~= ink, "image \(i) has \(ink) pixels of ink")
      #expect(image.max() == 255)
    }
  }
}

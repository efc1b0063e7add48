import DLTrain

/// LeNet-5 (LeCun et al. 1998) as it is built today: ReLU and max pooling. [N, 1, 28, 28] → logits [N, 10].
func leNet5(using generator: inout Generator) -> Sequential<Float> {
  Sequential(
    Conv2D(1, 6, kernel: 5, padding: 2, using: &generator), ReLU(), MaxPool2D(2),
    Conv2D(6, 16, kernel: 5, using: &generator), ReLU(), MaxPool2D(2),
    Flatten(),
    Dense(16 * 5 * 5, 120, using: &generator), ReLU(),
    Dense(120, 84, using: &generator), ReLU(),
    Dense(84, 10, initialiser: .xavierUniform, using: &generator))
}

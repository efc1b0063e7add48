print("train-lenet")

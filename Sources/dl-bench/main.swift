print("dl-bench")

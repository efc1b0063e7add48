print("dl-export")

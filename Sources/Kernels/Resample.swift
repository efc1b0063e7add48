import KernelTypes

// Pixels mixed of pixels: resizing, sampling by a grid, aligned regions.

@_optimize(size)
func resample(_ call: ResampleCall) {
  for j in 0..<call.pixels {
    let y = call.y + j * call.yStride
    var c = 0
    while c < call.channels {
      let count = call.channels - c
      var sum = splat(0)
      for i in 0..<call.rowCount {
        let row = call.rows[i]
        for k in call.starts[j]..<call.starts[j + 1] {
          let column = call.columns[k]
          let pixel = load(call.x + (row.offset + column.offset + c), count: count)
          sum = multiplyAdd(splat(row.weight * column.weight), pixel, sum)
        }
      }
      store(sum, y + c, count: count)
      c += lanes
    }
  }
}

// The map's geometry: its bytes, the box around the points, which point is nearest, what a lasso holds.

// [state, rest]: a JSON header in front of other bytes, as kpod/charts/question_map.py writes it.
function splitHeader(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
  return [JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))), bytes.subarray(4 + length)]
}

// What the header in front of a body says it is, without reading all of it.
function bodyKey(bytes) {
  return /"key": "([0-9a-f]+)"/.exec(new TextDecoder().decode(bytes.subarray(4, 64)))[1]
}

function readBody(bytes) {
  const [meta, rest] = splitHeader(bytes)
  const n = meta.count
  const copy = rest.slice() // its own buffer, so that the columns are aligned
  const column = k => new Float32Array(copy.buffer, 4 * k * n, n)
  const small = k => new Uint8Array(copy.buffer, 12 * n + k * n, n)
  const hasStages = meta.stages.length > 0
  return {
    meta, x: column(0), y: column(1), value: column(2),
    lengths: hasStages ? small(0) : null,
    counts: meta.stages.map((_, t) => small(1 + t)),
  }
}

function bounds(x, y) {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < x.length; i++) {
    if (x[i] < left) left = x[i]
    if (x[i] > right) right = x[i]
    if (y[i] < bottom) bottom = y[i]
    if (y[i] > top) top = y[i]
  }
  if (!(right > left)) [left, right] = [(left || 0) - 1, (left || 0) + 1]
  if (!(top > bottom)) [bottom, top] = [(bottom || 0) - 1, (bottom || 0) + 1]
  return { left, right, bottom, top }
}

// Points sorted by the cell of a grid over the data, so that hovering looks at few of them.
class PointGrid {
  constructor(x, y) {
    Object.assign(this, { x, y, box: bounds(x, y), side: Math.max(1, Math.min(300, Math.round(Math.sqrt(x.length / 4)))) })
    const cells = new Uint32Array(x.length)
    this.starts = new Uint32Array(this.side * this.side + 1)
    for (let i = 0; i < x.length; i++) {
      cells[i] = this.across(x[i]) * this.side + this.up(y[i])
      this.starts[cells[i] + 1]++
    }
    for (let c = 1; c < this.starts.length; c++) this.starts[c] += this.starts[c - 1]
    const next = this.starts.slice()
    this.points = new Uint32Array(x.length)
    for (let i = 0; i < x.length; i++) this.points[next[cells[i]]++] = i
  }

  place(value, low, high) { return Math.min(this.side - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * this.side))) }
  across(x) { return this.place(x, this.box.left, this.box.right) }
  up(y) { return this.place(y, this.box.bottom, this.box.top) }

  // The nearest point within `reach` that `counts`, or -1.
  nearest(x, y, reach, counts) {
    let [best, least] = [-1, reach]
    for (let a = this.across(x - reach); a <= this.across(x + reach); a++) {
      const [first, last] = [a * this.side + this.up(y - reach), a * this.side + this.up(y + reach)]
      for (let k = this.starts[first]; k < this.starts[last + 1]; k++) {
        const i = this.points[k]
        const distance = Math.hypot(this.x[i] - x, this.y[i] - y)
        if (distance < least && counts(i)) [best, least] = [i, distance]
      }
    }
    return best
  }
}

// How many points a box of the map's units holds, at most `enough`: all looked at, or of a large map every few.
function countInside(grid, { left, right, bottom, top }, enough) {
  const { x, y, starts, points, side } = grid
  if (right < grid.box.left || left > grid.box.right || top < grid.box.bottom || bottom > grid.box.top) return 0
  const stride = Math.max(1, Math.floor(x.length / 8000))
  let found = 0
  for (let a = grid.across(left); a <= grid.across(right); a++) {
    for (let k = starts[a * side + grid.up(bottom)], last = starts[a * side + grid.up(top) + 1]; k < last; k += stride) {
      const i = points[k]
      if (x[i] >= left && x[i] <= right && y[i] >= bottom && y[i] <= top && (found += stride) >= enough) return enough
    }
  }
  return found
}

// Which points lie in a polygon, by the even-odd rule: 1 or 0 each. Corners out, points in, so that it is quick.
function insidePolygon(x, y, polygon) {
  const inside = new Uint8Array(x.length)
  const box = bounds(polygon.map(p => p[0]), polygon.map(p => p[1]))
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [x[i], y[i]]
    if (px < box.left || px > box.right || py < box.bottom || py > box.top) continue
    let odd = 0
    for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
      const [xa, ya] = polygon[a]
      const [xb, yb] = polygon[b]
      if (ya > py !== yb > py && px < ((xb - xa) * (py - ya)) / (yb - ya) + xa) odd ^= 1
    }
    inside[i] = odd
  }
  return inside
}

// A line with the corners that matter (Ramer, Douglas and Peucker): no point of it moves by more than `tolerance`.
function simplify(line, tolerance) {
  const keep = new Uint8Array(line.length)
  const stack = [[0, line.length - 1]]
  keep[0] = keep[line.length - 1] = 1
  while (stack.length) {
    const [a, b] = stack.pop()
    const [[xa, ya], [xb, yb]] = [line[a], line[b]]
    const length = Math.hypot(xb - xa, yb - ya)
    let [farthest, most] = [-1, tolerance]
    for (let i = a + 1; i < b; i++) {
      const [x, y] = line[i]
      const distance = length ? Math.abs((xb - xa) * (ya - y) - (xa - x) * (yb - ya)) / length : Math.hypot(x - xa, y - ya)
      if (distance > most) [farthest, most] = [i, distance]
    }
    if (farthest < 0) continue
    keep[farthest] = 1
    stack.push([a, farthest], [farthest, b])
  }
  return line.filter((_, i) => keep[i])
}

// A lasso of few enough corners that it fits into an address, its numbers as short as the address has them.
function thinLasso(line, pixel, limit = 60) {
  let thin = line
  for (let tolerance = pixel; thin.length > limit || tolerance === pixel; tolerance *= 1.5) thin = simplify(line, tolerance)
  return thin.map(corner => corner.map(value => Number(value.toPrecision(5))))
}

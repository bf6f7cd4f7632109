// The map's points on its canvas: shapes of their own for thousands, pixels for a hundred thousand.

const PIXELS_FROM = 6000 // from so many points on they are painted into the image itself: a path a point takes too long
const DIM = 0.13

// The radius of a point in pixels: fewer points are larger, zooming in enlarges them; `size` is the reader's own factor.
function pointRadius(count, zoom, size) {
  const base = count > 20000 ? 1.3 : count > 3000 ? 2.2 : count > 1000 ? 3.5 : count > 200 ? 4.8 : 6
  return base * Math.min(2.2, Math.max(0.8, Math.sqrt(zoom))) * size
}

// How every point looks: the index of its colour in `palette`, its shape, whether it is dimmed. What is dimmed comes first.
function pointStyles(map) {
  const { meta, value } = map
  const n = meta.count
  const isNamed = meta.names.length > 0
  const palette = [...(isNamed ? meta.colours : map.scale), meta.missing]
  const missing = palette.length - 1
  const [colour, dim] = [new Uint8Array(n), new Uint8Array(n)]
  const spread = (map.scale.length - 1) / (meta.high - meta.low)
  for (let i = 0; i < n; i++) {
    const v = value[i]
    if (Number.isNaN(v)) colour[i] = missing
    else if (isNamed) colour[i] = v
    else colour[i] = Math.round(Math.min(map.scale.length - 1, Math.max(0, (v - meta.low) * spread)))
    if ((map.selected && !map.selected[i]) || map.muted.has(v)) dim[i] = 1
  }
  return { palette, colour, dim, missing }
}

function paintPoints(map, pen, styles) {
  if (map.meta.count > PIXELS_FROM) paintPixels(map, pen, styles)
  else paintShapes(map, pen, styles)
}

// ---- thousands: a path for each look

function paintShapes(map, pen, { palette, colour, dim, missing }) {
  const { meta, radius } = map
  const n = meta.count
  const groups = new Map()
  for (let i = 0; i < n; i++) {
    const look = (dim[i] ? 0 : colour[i] === missing ? 1000 : 2000) + colour[i] // dimmed ones lie below, then what has no value
    const list = groups.get(look)
    if (list) list.push(i)
    else groups.set(look, [i])
  }
  for (const [look, points] of [...groups].sort(([a], [b]) => a - b)) {
    const k = look % 1000
    const shape = meta.shapes[k] ?? "circle"
    const size = k === missing ? 0.6 * radius : radius
    pen.globalAlpha = look < 1000 ? DIM : n > 3000 ? 0.75 : 0.9
    pen.fillStyle = pen.strokeStyle = palette[k]
    if (map.share) { paintFilling(map, pen, points, shape, size, look < 1000); continue }
    tracePoints(map, pen, points, shape, () => size)
    if (shape === "cross") { pen.lineWidth = Math.max(1, 0.55 * size); pen.stroke(); continue }
    pen.fill()
    if (look >= 1000 && n <= 1000) { pen.lineWidth = 0.8; pen.strokeStyle = map.paper; pen.stroke() }
  }
  pen.globalAlpha = 1
}

// While the curriculum plays: an outline for the whole rationale, filled from within by the share that is supervised.
function paintFilling(map, pen, points, shape, size, isDim) {
  const known = points.filter(i => !Number.isNaN(map.share[i]))
  const outline = shape === "cross" ? "circle" : shape
  pen.globalAlpha = isDim ? DIM : 0.2
  tracePoints(map, pen, known, outline, () => size)
  pen.fill()
  pen.globalAlpha = isDim ? DIM : 0.85
  pen.lineWidth = Math.max(0.8, 0.16 * size)
  pen.stroke()
  pen.globalAlpha = isDim ? DIM : 1
  tracePoints(map, pen, known.filter(i => map.share[i] > 0), outline, i => size * Math.sqrt(map.share[i]))
  pen.fill()
}

function tracePoints(map, pen, points, shape, sizeOf) {
  pen.beginPath()
  for (const i of points) {
    const [x, y] = map.toScreen(map.x[i], map.y[i])
    if (x < -19 || y < -19 || x > map.width + 19 || y > map.height + 19) continue
    traceShape(pen, shape, x, y, sizeOf(i))
  }
}

function traceShape(pen, shape, x, y, r) {
  if (shape === "cross") {
    pen.moveTo(x - r, y - r); pen.lineTo(x + r, y + r)
    pen.moveTo(x - r, y + r); pen.lineTo(x + r, y - r)
  } else if (shape === "square") pen.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r)
  else if (shape === "diamond") { pen.moveTo(x, y - 1.2 * r); pen.lineTo(x + 1.2 * r, y); pen.lineTo(x, y + 1.2 * r); pen.lineTo(x - 1.2 * r, y); pen.closePath() }
  else if (shape === "triangle") { pen.moveTo(x, y - 1.2 * r); pen.lineTo(x + 1.1 * r, y + 0.8 * r); pen.lineTo(x - 1.1 * r, y + 0.8 * r); pen.closePath() }
  else { pen.moveTo(x + r, y); pen.arc(x, y, r, 0, 6.2832) }
}

// ---- a hundred thousand: blended into the pixels, in an order without meaning so that no category lies on top

function paintPixels(map, pen, styles) {
  const ratio = map.canvas.width / map.width
  const [width, height] = [map.canvas.width, map.canvas.height]
  if (map.image?.width !== width || map.image?.height !== height) map.image = new ImageData(width, height)
  const pixels = map.image.data
  const [r, g, b] = plainColour(map.paper)
  new Uint32Array(pixels.buffer).fill(new Uint32Array(new Uint8Array([r, g, b, 255]).buffer)[0])
  const stamp = roundStamp(map.radius * ratio)
  const colours = styles.palette.map(plainColour)
  const [cx, cy, zoom] = [width / 2 - map.centre[0] * map.zoom * ratio, height / 2 + map.centre[1] * map.zoom * ratio, map.zoom * ratio]
  for (const pass of map.selected || map.muted.size ? [1, 0] : [0]) {
    for (const i of map.order) {
      if (styles.dim[i] !== pass) continue
      const px = Math.round(cx + map.x[i] * zoom)
      const py = Math.round(cy - map.y[i] * zoom)
      let strength = pass ? 0.09 : 0.75
      if (map.share) {
        if (Number.isNaN(map.share[i])) continue
        strength *= 0.14 + 0.86 * map.share[i]
      }
      blend(pixels, width, height, px, py, stamp, colours[styles.colour[i]], strength)
    }
  }
  pen.putImageData(map.image, 0, 0)
}

function blend(pixels, width, height, px, py, { side, cover }, [r, g, b], strength) {
  const from = side >> 1
  const [left, top] = [px - from, py - from]
  if (left < 0 || top < 0 || left + side > width || top + side > height) return
  for (let row = 0, k = 0; row < side; row++) {
    let at = ((top + row) * width + left) << 2
    for (let column = 0; column < side; column++, k++, at += 4) {
      const a = cover[k] * strength
      if (!a) continue
      pixels[at] += (r - pixels[at]) * a
      pixels[at + 1] += (g - pixels[at + 1]) * a
      pixels[at + 2] += (b - pixels[at + 2]) * a
    }
  }
}

// A disc as the share of each pixel that it covers, from 5 x 5 samples.
function roundStamp(radius) {
  const from = Math.ceil(radius)
  const side = 2 * from + 1
  const cover = new Float32Array(side * side)
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      let hits = 0
      for (let a = -2; a <= 2; a++) for (let b = -2; b <= 2; b++) hits += Math.hypot(row - from + a / 5, column - from + b / 5) <= radius
      cover[row * side + column] = hits / 25
    }
  return { side, cover }
}

// 0 .. n-1, shuffled in the same way every time.
function shuffled(n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  let seed = 12345
  for (let i = n - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    const k = seed % (i + 1);
    [order[i], order[k]] = [order[k], order[i]]
  }
  return order
}

// ---- marks

function paintMarks(map, pen) {
  const { chosen, neighbours } = map.state
  if (chosen >= 0 && chosen < map.meta.count) {
    const [x, y] = map.toScreen(map.x[chosen], map.y[chosen])
    pen.beginPath()
    for (const i of neighbours) { pen.moveTo(x, y); pen.lineTo(...map.toScreen(map.x[i], map.y[i])) }
    pen.globalAlpha = 0.55
    pen.lineWidth = 1.2
    pen.strokeStyle = map.ink
    pen.stroke()
    pen.globalAlpha = 1
    for (const i of neighbours) ring(map, pen, i, map.ink, 2, 1.2)
  }
  ring(map, pen, chosen, map.accent, 4, 2.5)
  ring(map, pen, map.hovered, map.ink, 2.5, 2.5)
  const lasso = map.lasso ?? map.state.lasso
  if (!lasso || lasso.length < 2) return
  pen.beginPath()
  lasso.forEach(([x, y], k) => { const place = map.toScreen(x, y); k ? pen.lineTo(...place) : pen.moveTo(...place) })
  pen.closePath()
  pen.globalAlpha = map.lasso ? 0.1 : 0.04
  pen.fillStyle = map.accent
  pen.fill()
  pen.globalAlpha = map.lasso ? 1 : 0.6
  pen.lineWidth = 1.5
  pen.setLineDash([5, 4])
  pen.strokeStyle = map.accent
  pen.stroke()
  pen.setLineDash([])
  pen.globalAlpha = 1
}

function ring(map, pen, i, colour, grow, width) {
  if (i < 0 || i >= map.meta.count) return
  pen.beginPath()
  pen.arc(...map.toScreen(map.x[i], map.y[i]), map.radius + grow, 0, 6.2832)
  pen.lineWidth = width
  pen.strokeStyle = colour
  pen.stroke()
}

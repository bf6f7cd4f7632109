// The clusters' names on the map: beside their clusters, where they hide the fewest points and no other name. None ever
// lies on the chosen question: a cluster that leaves no other place goes without its name.

const MAX_NAME = 26
const MARK_COST = 400 // what it costs to lie on a neighbour of the chosen question, in points hidden
const MARK_GAP = 8 // pixels between the chosen question's point and a name: the ring around it, and some air
const FAR_COST = 0.6 // of a step away from the cluster, in points
const KEEP_BONUS = 0.75 // a name stays where it is until another place is clearly better: it must not jump about

function paintNames(map, pen) {
  pen.font = `600 ${map.nameSize}px ${map.font}`
  pen.textAlign = "center"
  pen.textBaseline = "middle"
  pen.lineJoin = "round"
  const placed = []
  map.namePlaces ??= new Map()
  for (const one of map.meta.clusters) {
    const box = clusterBox(map, one)
    if (box.right < 0 || box.left > map.width || box.bottom < 0 || box.top > map.height) continue
    const found = namePlace(map, pen, one, box, placed)
    if (!found) continue
    placed.push(found)
    paintName(map, pen, one.cluster, found)
  }
}

// The middle part of a cluster on the screen.
function clusterBox(map, { x, y, low, high }) {
  const [left, top] = map.toScreen(low[0], high[1])
  const [right, bottom] = map.toScreen(high[0], low[1])
  const [px, py] = map.toScreen(x, y)
  return { left, right, top, bottom, px, py }
}

function namePlace(map, pen, { cluster, name }, box, placed) {
  const short = name.length > MAX_NAME ? name.slice(0, MAX_NAME - 1) + "…" : name
  const before = map.namePlaces.get(cluster)
  for (const text of [short, String(cluster)]) { // at last its number, which is short
    const half = pen.measureText(text).width / 2 + 3
    let best = null
    candidates(map, box, half).forEach(([x, y, far], k) => {
      const rect = { x, y, half, high: map.nameSize / 2 + 4 }
      const isOff = x - half < 2 || x + half > map.width - 2 || y < map.nameSize || y > map.height - map.nameSize
      if (isOff || coversChosen(map, rect) || placed.some(other => touches(other, rect))) return
      const cost = (hiddenBy(map, rect) + FAR_COST * far) * (before === k ? KEEP_BONUS : 1)
      if (!best || cost < best.cost) best = { ...rect, cost, k, text }
    })
    if (best) { map.namePlaces.set(cluster, best.k); return best }
  }
  const last = { x: box.px, y: box.py, half: 8, high: map.nameSize / 2 + 4, text: String(cluster) }
  return coversChosen(map, last) ? null : last
}

// Above, below and beside the cluster, then farther off; at last on it, and on what can be seen of it.
function candidates({ width, height, nameSize: size, radius }, { left, right, top, bottom, px, py }, half) {
  const gap = radius + size / 2 + 5
  const found = []
  for (const step of [0, 1, 2, 3]) {
    const off = gap + step * (size + 4)
    for (const shift of [0, -0.6, 0.6, -1.1, 1.1]) {
      found.push([px + shift * half, top - off, step + Math.abs(shift)], [px + shift * half, bottom + off, step + Math.abs(shift)])
    }
    for (const y of [py, top, bottom]) {
      found.push([right + radius + 6 + half + step * size, y, step + 0.5], [left - radius - 6 - half - step * size, y, step + 0.5])
    }
  }
  found.push([px, py, 6])
  const [west, east, north, south] = [Math.max(left, 0), Math.min(right, width), Math.max(top, 0), Math.min(bottom, height)]
  const [x, y] = [(west + east) / 2, (north + south) / 2]
  found.push([x, north + gap, 6], [x, south - gap, 6], [west + half + 6, y, 6], [east - half - 6, y, 6])
  return found
}

function touches(a, b) { return Math.abs(a.x - b.x) < a.half + b.half + 4 && Math.abs(a.y - b.y) < a.high + b.high + 1 }

function coversChosen(map, { x, y, half, high }) {
  const { chosen } = map.state
  if (chosen < 0 || chosen >= map.meta.count) return false
  const [px, py] = map.toScreen(map.x[chosen], map.y[chosen])
  const gap = map.radius + MARK_GAP
  return Math.abs(px - x) < half + gap && Math.abs(py - y) < high + gap
}

function hiddenBy(map, { x, y, half, high }) {
  const reach = map.radius
  const [left, top] = map.toData(x - half - reach, y - high - reach)
  const [right, bottom] = map.toData(x + half + reach, y + high + reach)
  const { chosen, neighbours } = map.state
  const marks = chosen >= 0 && chosen < map.meta.count ? [chosen, ...neighbours] : []
  const on = marks.filter(i => map.x[i] >= left && map.x[i] <= right && map.y[i] >= bottom && map.y[i] <= top).length
  return countInside(map.grid, { left, right, bottom, top }, MARK_COST) + MARK_COST * on
}

// The name in a halo of the page's colour, so that points show beside its letters; the line below it is in the cluster's.
function paintName(map, pen, cluster, { x, y, half, text }) {
  pen.lineWidth = 4.5
  pen.strokeStyle = map.paper
  pen.globalAlpha = 0.88
  pen.strokeText(text, x, y)
  pen.globalAlpha = 1
  pen.fillStyle = map.ink
  pen.fillText(text, x, y)
  if (!map.meta.byCluster) return
  pen.beginPath()
  pen.moveTo(x - half + 3, y + map.nameSize / 2 + 2)
  pen.lineTo(x + half - 3, y + map.nameSize / 2 + 2)
  pen.lineWidth = 2.5
  pen.strokeStyle = map.meta.colours[cluster]
  pen.stroke()
}

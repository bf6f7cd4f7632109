// The map of questions on a canvas: pan, zoom, hover, click, lasso. Data come as bytes: a JSON header and float32 columns.
// Texts come from a run and are hostile: they reach the page by textContent or fillText alone.

const maps = new WeakMap()
const POINT_CLICK_DISTANCE = 4 // pixels that a pointer may move and still click

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".qm")
  let map = maps.get(parentElement)
  if (!map) {
    map = new QuestionMap(root)
    maps.set(parentElement, map)
  }
  map.emit = setTriggerValue
  map.load(data)
  map.setTheme(getComputedStyle(parentElement.host ?? parentElement))
  return () => map.destroy()
}

function make(tag, className, text) {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text !== undefined) node.textContent = text
  return node
}

function decode(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
  const meta = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  const copy = bytes.slice(4 + length) // its own buffer, so that the columns are aligned
  const column = k => new Float32Array(copy.buffer, 4 * k * meta.count, meta.count)
  return { meta, x: column(0), y: column(1), value: column(2) }
}

class QuestionMap {
  constructor(root) {
    Object.assign(this, { root, mode: "pan", lasso: null, drag: null, muted: new Set(), hovered: -1, selected: null, dataKey: null })
    root.replaceChildren()
    this.buildToolbar()
    this.frame = make("div", "frame")
    this.canvas = make("canvas")
    this.canvas.tabIndex = 0
    this.canvas.setAttribute("role", "img")
    this.tooltip = make("div", "tooltip")
    this.tooltip.hidden = true
    this.frame.append(this.canvas, this.tooltip)
    this.legend = make("div", "legend")
    root.append(this.frame, this.legend)
    this.observer = new ResizeObserver(() => this.resize())
    this.observer.observe(this.frame)
    this.bindPointer()
  }

  destroy() { this.observer.disconnect(); cancelAnimationFrame(this.pending) }

  // ---- data

  load(bytes) {
    const data = decode(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes))
    const isNewRun = data.meta.key !== this.dataKey
    const isNewColour = data.meta.title !== this.meta?.title
    Object.assign(this, data)
    this.dataKey = data.meta.key
    if (isNewRun) { this.selected = null; this.fit() }
    if (isNewRun || isNewColour) this.muted.clear()
    if (!this.meta.hasSelection) this.selected = null
    this.canvas.setAttribute("aria-label", `Map of ${this.meta.count} questions, coloured by ${this.meta.title}`)
    this.title.textContent = this.meta.title
    this.paintKey = null
    this.buildGrid()
    this.drawLegend()
    this.redraw()
  }

  setTheme(style) {
    const read = name => style.getPropertyValue(name).trim()
    this.ink = read("--st-text-color") || "#222222"
    this.paper = read("--st-background-color") || "#ffffff"
    this.font = read("--st-font") || "sans-serif"
    this.accent = read("--st-primary-color") || this.ink
    const probe = document.createElement("canvas").getContext("2d")
    probe.fillStyle = this.paper
    const [r, g, b] = [1, 3, 5].map(i => parseInt(probe.fillStyle.slice(i, i + 2), 16))
    this.scale = this.meta.scale[0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light"]
    this.drawLegend()
    this.redraw()
  }

  colour(i) {
    const v = this.value[i]
    if (Number.isNaN(v)) return this.meta.missing
    if (this.meta.names.length) return this.meta.colours[v] ?? this.meta.missing
    const t = (v - this.meta.low) / (this.meta.high - this.meta.low)
    return this.scale[Math.round(Math.min(1, Math.max(0, t)) * (this.scale.length - 1))]
  }

  // Cells of the data's own space, so that hovering looks at few points.
  buildGrid() {
    const n = this.meta.count
    this.cells = Math.max(1, Math.min(200, Math.round(Math.sqrt(n / 4))))
    this.bounds = bounds(this.x, this.y)
    this.grid = new Map()
    for (let i = 0; i < n; i++) {
      const cell = this.cellOf(this.x[i], this.y[i])
      const list = this.grid.get(cell)
      if (list) list.push(i)
      else this.grid.set(cell, [i])
    }
  }

  cellIndex(value, low, high) { return Math.min(this.cells - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * this.cells))) }
  cellOf(x, y) {
    const { left, right, bottom, top } = this.bounds
    return this.cellIndex(x, left, right) * this.cells + this.cellIndex(y, bottom, top)
  }

  // ---- view

  fit() {
    const { left, right, bottom, top } = bounds(this.x, this.y)
    this.centre = [(left + right) / 2, (bottom + top) / 2]
    const width = this.width || 800
    const height = this.height || 480
    this.zoom = 0.88 * Math.min(width / (right - left), height / (top - bottom))
    this.home = this.zoom
  }

  toScreen(x, y) { return [this.width / 2 + (x - this.centre[0]) * this.zoom, this.height / 2 - (y - this.centre[1]) * this.zoom] }
  toData(px, py) { return [this.centre[0] + (px - this.width / 2) / this.zoom, this.centre[1] - (py - this.height / 2) / this.zoom] }

  resize() {
    const first = !this.width
    const box = this.frame.getBoundingClientRect()
    if (!box.width || !box.height) return
    const ratio = devicePixelRatio || 1
    this.width = box.width
    this.height = box.height
    this.canvas.width = Math.round(box.width * ratio)
    this.canvas.height = Math.round(box.height * ratio)
    if (first && this.x) this.fit()
    this.redraw()
  }

  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toData(px, py)
    this.zoom = Math.min(this.home * 200, Math.max(this.home * 0.3, this.zoom * factor))
    this.centre = [x - (px - this.width / 2) / this.zoom, y + (py - this.height / 2) / this.zoom]
    this.redraw()
  }

  // ---- pointer and keys

  bindPointer() {
    const canvas = this.canvas
    canvas.onpointerdown = event => {
      canvas.setPointerCapture(event.pointerId)
      const at = [event.offsetX, event.offsetY]
      this.drag = { start: at, last: at, moved: false, lasso: this.mode === "lasso" || event.shiftKey }
      if (this.drag.lasso) this.lasso = [this.toData(...at)]
    }
    canvas.onpointermove = event => this.drag ? this.onDrag(event) : this.hover(event.offsetX, event.offsetY)
    canvas.onpointerup = event => this.onRelease(event)
    canvas.onpointerleave = () => { if (!this.drag) this.hover(-1e6, -1e6) }
    canvas.ondblclick = () => { this.fit(); this.redraw() }
    canvas.onwheel = event => { event.preventDefault(); this.zoomBy(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY) }
    canvas.onkeydown = event => this.onKey(event)
  }

  onDrag(event) {
    const [px, py] = [event.offsetX, event.offsetY]
    const drag = this.drag
    if (Math.hypot(px - drag.start[0], py - drag.start[1]) > POINT_CLICK_DISTANCE) drag.moved = true
    if (drag.lasso) this.lasso.push(this.toData(px, py))
    else {
      this.centre[0] -= (px - drag.last[0]) / this.zoom
      this.centre[1] += (py - drag.last[1]) / this.zoom
      this.hover(-1e6, -1e6)
    }
    drag.last = [px, py]
    this.redraw()
  }

  onRelease(event) {
    const drag = this.drag
    this.drag = null
    if (!drag) return
    if (drag.lasso && drag.moved && this.lasso.length > 2) this.finishLasso()
    else if (!drag.moved) {
      const i = this.nearest(event.offsetX, event.offsetY)
      if (i >= 0) this.emit("picked", i)
      else if (drag.lasso) this.clear()
    }
    this.lasso = null
    this.redraw()
  }

  finishLasso() {
    const polygon = thin(this.lasso, 400)
    this.selected = new Uint8Array(this.meta.count)
    for (let i = 0; i < this.meta.count; i++) this.selected[i] = contains(polygon, this.x[i], this.y[i]) ? 1 : 0
    this.emit("lasso", polygon.map(([x, y]) => [Number(x.toPrecision(7)), Number(y.toPrecision(7))]))
    this.clearButton.disabled = false
  }

  clear() {
    this.selected = null
    this.emit("lasso", [])
    this.redraw()
  }

  onKey(event) {
    const pan = 40 / this.zoom
    const moves = { ArrowLeft: [-pan, 0], ArrowRight: [pan, 0], ArrowUp: [0, pan], ArrowDown: [0, -pan] }
    if (event.key in moves) {
      this.centre = [this.centre[0] + moves[event.key][0], this.centre[1] + moves[event.key][1]]
      this.redraw()
    } else if (event.key === "+" || event.key === "=") this.zoomBy(1.3)
    else if (event.key === "-") this.zoomBy(1 / 1.3)
    else if (event.key === "0") { this.fit(); this.redraw() }
    else if (event.key === "l") this.setMode(this.mode === "lasso" ? "pan" : "lasso")
    else if (event.key === "Escape") this.clear()
    else return
    event.preventDefault()
  }

  nearest(px, py) {
    const reach = 9 / this.zoom
    const [x, y] = this.toData(px, py)
    const { left, right, bottom, top } = this.bounds
    let best = -1
    let least = reach
    for (let a = this.cellIndex(x - reach, left, right); a <= this.cellIndex(x + reach, left, right); a++)
      for (let b = this.cellIndex(y - reach, bottom, top); b <= this.cellIndex(y + reach, bottom, top); b++)
        for (const i of this.grid.get(a * this.cells + b) ?? []) {
          const distance = Math.hypot(this.x[i] - x, this.y[i] - y)
          if (distance < least && !this.muted.has(this.value[i])) [best, least] = [i, distance]
        }
    return best
  }

  hover(px, py) {
    const i = this.grid ? this.nearest(px, py) : -1
    if (i === this.hovered) return
    this.hovered = i
    this.tooltip.hidden = i < 0
    this.canvas.style.cursor = i >= 0 ? "pointer" : this.mode === "lasso" ? "crosshair" : "grab"
    if (i >= 0) {
      const { ids, texts, title } = this.meta
      this.tooltip.replaceChildren(make("div", "id", ids[i] ?? `question ${i}`), make("div", "text", texts[i] ?? ""), make("div", "value", `${title}: ${this.valueName(i)}`))
      const [sx, sy] = this.toScreen(this.x[i], this.y[i])
      const width = this.tooltip.offsetWidth
      this.tooltip.style.left = Math.min(Math.max(4, sx + 12), this.width - width - 4) + "px"
      this.tooltip.style.top = Math.min(Math.max(4, sy + 12), this.height - this.tooltip.offsetHeight - 4) + "px"
    }
    this.redraw()
  }

  valueName(i) {
    const v = this.value[i]
    if (Number.isNaN(v)) return "none"
    return this.meta.names[v] ?? String(Number(v.toPrecision(4)))
  }

  // ---- toolbar and legend

  buildToolbar() {
    const bar = make("div", "toolbar")
    const button = (name, label, action) => {
      const node = make("button", name, label)
      node.type = "button"
      node.onclick = action
      bar.append(node)
      return node
    }
    this.title = make("span", "title")
    bar.append(this.title)
    this.panButton = button("pan", "Pan", () => this.setMode("pan"))
    this.lassoButton = button("lasso", "Lasso", () => this.setMode("lasso"))
    this.clearButton = button("clear", "Clear selection", () => this.clear())
    button("zoom-out", "−", () => this.zoomBy(1 / 1.4)).setAttribute("aria-label", "Zoom out")
    button("zoom-in", "+", () => this.zoomBy(1.4)).setAttribute("aria-label", "Zoom in")
    button("fit", "Fit", () => { this.fit(); this.redraw() })
    this.root.append(bar)
    this.setMode("pan")
  }

  setMode(mode) {
    this.mode = mode
    this.panButton.setAttribute("aria-pressed", mode === "pan")
    this.lassoButton.setAttribute("aria-pressed", mode === "lasso")
    if (this.canvas) this.canvas.style.cursor = mode === "lasso" ? "crosshair" : "grab"
  }

  drawLegend() {
    const { meta, legend } = this
    if (!this.scale && !meta.names.length) return
    legend.replaceChildren()
    if (!meta.names.length) {
      const ramp = make("div", "ramp")
      ramp.style.background = `linear-gradient(to right, ${this.scale.join(",")})`
      const format = v => String(Number(v.toPrecision(3)))
      legend.append(make("span", "end", format(meta.low)), ramp, make("span", "end", format(meta.high)))
    }
    const counts = new Map()
    for (const v of this.value) counts.set(Number.isNaN(v) ? "none" : v, (counts.get(Number.isNaN(v) ? "none" : v) ?? 0) + 1)
    meta.names.forEach((name, k) => {
      const entry = make("button", "entry")
      entry.type = "button"
      entry.setAttribute("aria-pressed", !this.muted.has(k))
      const cross = meta.shapes[k] === "cross"
      const swatch = make("span", cross ? "swatch cross" : "swatch", cross ? "✕" : undefined)
      if (cross) swatch.style.color = meta.colours[k]
      else swatch.style.background = meta.colours[k]
      entry.append(swatch, make("span", "", name), make("span", "count", String(counts.get(k) ?? 0)))
      entry.onclick = () => { this.muted.has(k) ? this.muted.delete(k) : this.muted.add(k); this.drawLegend(); this.redraw() }
      legend.append(entry)
    })
    if (counts.has("none")) {
      const swatch = make("span", "swatch")
      swatch.style.background = meta.missing
      const entry = make("span", "entry")
      entry.append(swatch, make("span", "", "none"), make("span", "count", String(counts.get("none"))))
      legend.append(entry)
    }
  }

  // ---- drawing

  redraw() {
    cancelAnimationFrame(this.pending)
    this.pending = requestAnimationFrame(() => this.draw())
  }

  draw() {
    if (!this.width || !this.x || !this.scale) return
    const context = this.canvas.getContext("2d")
    const ratio = this.canvas.width / this.width
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, this.width, this.height)
    this.drawPoints(context)
    this.drawClusterNames(context)
    this.drawMarks(context)
    if (this.clearButton) this.clearButton.disabled = !this.selected
  }

  drawPoints(context) {
    const n = this.meta.count
    const base = n > 20000 ? 1.3 : n > 3000 ? 2.2 : n > 1000 ? 3.5 : n > 200 ? 4.8 : 6
    const radius = base * Math.min(2.2, Math.max(0.8, Math.sqrt(this.zoom / this.home)))
    const batches = new Map() // colour -> points: a path for each colour, not for each point
    for (let i = 0; i < n; i++) {
      const muted = this.muted.has(this.value[i])
      const dim = muted || (this.selected && !this.selected[i])
      const key = (dim ? "dim " : "") + this.colour(i)
      const list = batches.get(key)
      if (list) list.push(i)
      else batches.set(key, [i])
    }
    // What is dimmed lies below, then what has no value.
    const depth = key => (key.startsWith("dim") ? 0 : key === this.meta.missing ? 1 : 2)
    for (const [key, points] of [...batches].sort(([a], [b]) => depth(a) - depth(b))) {
      const dim = key.startsWith("dim ")
      context.globalAlpha = dim ? 0.13 : n > 3000 ? 0.75 : 0.9
      context.fillStyle = dim ? key.slice(4) : key
      context.strokeStyle = context.fillStyle
      const cross = this.meta.shapes[this.value[points[0]]] === "cross"
      const size = Number.isNaN(this.value[points[0]]) ? 0.6 * radius : radius
      context.beginPath()
      for (const i of points) {
        const [px, py] = this.toScreen(this.x[i], this.y[i])
        if (px < -9 || py < -9 || px > this.width + 9 || py > this.height + 9) continue
        if (cross) {
          context.moveTo(px - size, py - size); context.lineTo(px + size, py + size)
          context.moveTo(px - size, py + size); context.lineTo(px + size, py - size)
        } else if (n > 20000) context.rect(px - size, py - size, 2 * size, 2 * size)
        else { context.moveTo(px + size, py); context.arc(px, py, size, 0, 6.2832) }
      }
      if (cross) { context.lineWidth = Math.max(1, 0.55 * size); context.stroke(); continue }
      context.fill()
      if (!dim && n <= 1000) { context.lineWidth = 0.8; context.strokeStyle = this.paper; context.stroke() }
    }
    context.globalAlpha = 1
    this.radius = radius
  }

  drawClusterNames(context) {
    context.font = `600 12px ${this.font}`
    context.textAlign = "center"
    context.textBaseline = "middle"
    for (const { cluster, x, y } of this.meta.clusters) {
      const [px, py] = this.toScreen(x, y)
      const half = 5 + context.measureText(String(cluster)).width / 2
      context.beginPath()
      context.roundRect(px - half, py - 9, 2 * half, 18, 6)
      context.fillStyle = this.paper
      context.globalAlpha = 0.86
      context.fill()
      context.globalAlpha = 1
      context.lineWidth = 1
      context.strokeStyle = this.meta.names.length && this.meta.title === "Cluster" ? this.meta.colours[cluster] : this.ink
      context.stroke()
      context.fillStyle = this.ink
      context.fillText(String(cluster), px, py)
    }
  }

  drawMarks(context) {
    const ring = (i, colour, grow) => {
      if (i < 0 || i >= this.meta.count) return
      const [px, py] = this.toScreen(this.x[i], this.y[i])
      context.beginPath()
      context.arc(px, py, this.radius + grow, 0, 6.2832)
      context.lineWidth = 2.5
      context.strokeStyle = colour
      context.stroke()
    }
    ring(this.meta.chosen ?? -1, this.accent, 4)
    ring(this.hovered, this.ink, 2.5)
    if (!this.lasso || this.lasso.length < 2) return
    context.beginPath()
    this.lasso.forEach(([x, y], k) => { const [px, py] = this.toScreen(x, y); k ? context.lineTo(px, py) : context.moveTo(px, py) })
    context.closePath()
    context.globalAlpha = 0.1
    context.fillStyle = this.accent
    context.fill()
    context.globalAlpha = 1
    context.lineWidth = 1.5
    context.setLineDash([5, 4])
    context.strokeStyle = this.accent
    context.stroke()
    context.setLineDash([])
  }
}

function bounds(x, y) {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < x.length; i++) {
    left = Math.min(left, x[i]); right = Math.max(right, x[i])
    bottom = Math.min(bottom, y[i]); top = Math.max(top, y[i])
  }
  if (!(right > left)) [left, right] = [(left || 0) - 1, (left || 0) + 1]
  if (!(top > bottom)) [bottom, top] = [(bottom || 0) - 1, (bottom || 0) + 1]
  return { left, right, bottom, top }
}

function contains(polygon, x, y) {
  let inside = false
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i]
    const [xj, yj] = polygon[j]
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
  }
  return inside
}

function thin(points, limit) {
  const every = Math.ceil(points.length / limit)
  return points.filter((_, i) => i % every === 0)
}

// The map of questions: pan, zoom, hover, click, lasso, point size, and the curriculum played on it.
// Texts come from a run and are hostile: they reach the page by textContent or fillText alone.

const maps = new WeakMap()
const POINT_CLICK_DISTANCE = 4 // pixels that a pointer may move and still click
const KEYS = "Arrows move, plus and minus zoom, 0 fits, L draws a lasso, Escape clears it, space plays the curriculum, comma and full stop go a stage back and on."

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let map = maps.get(parentElement)
  if (!map) {
    map = new QuestionMap(parentElement.querySelector(".qm"))
    maps.set(parentElement, map)
  }
  map.emit = setTriggerValue
  map.load(data instanceof Uint8Array ? data : new Uint8Array(data))
  map.setTheme(parentElement)
  return () => map.pause()
}

class QuestionMap {
  constructor(root) {
    Object.assign(this, { root, mode: "pan", lasso: null, drag: null, muted: new Set(), hovered: -1, selected: null, size: 1, sizes: new Echoes(), key: null })
    this.stages = new StageBar(() => this.redraw(), stage => this.emit("stage", stage ?? -1))
    this.frame = make("div", "frame")
    this.canvas = make("canvas")
    this.canvas.tabIndex = 0
    this.canvas.setAttribute("role", "img")
    this.tooltip = make("div", "tooltip")
    this.tooltip.hidden = true
    this.frame.append(this.canvas, this.tooltip)
    this.legend = make("div", "legend")
    this.toolbar = this.buildToolbar()
    this.setMode("pan")
    root.replaceChildren(this.toolbar.node, this.stages.node, this.frame, this.legend)
    this.observer = new ResizeObserver(() => this.resize())
    this.observer.observe(this.frame)
    this.bindPointer()
  }

  pause() { this.stages.pause() }

  // ---- data

  load(bytes) {
    const [state, body] = splitHeader(bytes)
    const key = bodyKey(body)
    if (key !== this.key) {
      const title = this.meta?.title
      Object.assign(this, readBody(body), { key })
      this.grid = new PointGrid(this.x, this.y)
      this.order = this.meta.count > PIXELS_FROM ? shuffled(this.meta.count) : null
      this.stages.load(this.meta.stages, this.lengths, this.counts)
      if (title !== this.meta.title) this.muted.clear()
      this.canvas.setAttribute("aria-label", `Map of ${this.meta.count} questions, coloured by ${this.meta.title}. ${KEYS}`)
      this.toolbar.offerSvg(this.meta.count)
      this.namePlaces = new Map()
      this.selectedFor = undefined
    }
    if (state.run !== this.state?.run) { this.fit(); this.hover(-1e6, -1e6) }
    this.state = state
    this.select(state.lasso)
    this.receiveSize(state.size)
    this.stages.receive(state.stage)
    if (this.scale) this.drawLegend()
    this.redraw()
  }

  // What the lasso holds; the same lasso is looked through once.
  select(lasso) {
    const known = JSON.stringify(lasso ?? null)
    if (known === this.selectedFor) return
    this.selectedFor = known
    this.selected = lasso ? insidePolygon(this.x, this.y, lasso) : null
    this.toolbar.offerClear(lasso)
  }

  setTheme(parent) {
    const style = getComputedStyle(parent.host ?? parent)
    const read = name => style.getPropertyValue(name).trim()
    this.ink = read("--st-text-color") || "#222222"
    this.paper = read("--st-background-color") || "#ffffff"
    this.font = read("--st-font") || "sans-serif"
    this.accent = read("--st-primary-color") || this.ink
    this.scale = this.meta.scale[isDark(parent) ? "dark" : "light"]
    this.drawLegend()
    this.redraw()
  }

  // ---- view

  fit() {
    const { left, right, bottom, top } = bounds(this.x, this.y)
    this.centre = [(left + right) / 2, (bottom + top) / 2]
    this.zoom = 0.88 * Math.min((this.width || 800) / (right - left), (this.height || 480) / (top - bottom))
    this.home = this.zoom
    this.namePlaces = new Map() // the same picture every time
    this.redraw()
  }

  toScreen(x, y) { return [this.width / 2 + (x - this.centre[0]) * this.zoom, this.height / 2 - (y - this.centre[1]) * this.zoom] }
  toData(px, py) { return [this.centre[0] + (px - this.width / 2) / this.zoom, this.centre[1] - (py - this.height / 2) / this.zoom] }

  resize() {
    const isFirst = !this.width
    const box = this.frame.getBoundingClientRect()
    if (!box.width || !box.height) return
    const ratio = devicePixelRatio || 1
    Object.assign(this, { width: box.width, height: box.height })
    this.canvas.width = Math.round(box.width * ratio)
    this.canvas.height = Math.round(box.height * ratio)
    if (isFirst && this.x) this.fit()
    this.draw() // at once: a canvas that was resized is empty
  }

  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toData(px, py)
    this.zoom = Math.min(this.home * 200, Math.max(this.home * 0.3, this.zoom * factor))
    this.centre = [x - (px - this.width / 2) / this.zoom, y + (py - this.height / 2) / this.zoom]
    this.redraw()
  }

  moveBy(px, py) {
    this.centre = [this.centre[0] + px / this.zoom, this.centre[1] + py / this.zoom]
    this.redraw()
  }

  // The size of the address; what this map told comes back, and must not undo what the reader has chosen since.
  receiveSize(size) {
    if (this.sizes.isNews(size)) this.setSize(size)
  }

  setSize(size) {
    if (size !== this.size) this.namePlaces = new Map()
    this.size = size
    this.toolbar.showSize(size)
    this.nameSize = Math.round(12 * Math.min(1.8, Math.max(1, size)))
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
    canvas.onpointercancel = () => { this.drag = this.lasso = null; this.redraw() }
    canvas.onpointerleave = () => { if (!this.drag) this.hover(-1e6, -1e6) }
    canvas.ondblclick = () => this.fit()
    canvas.onwheel = event => { event.preventDefault(); this.zoomBy(Math.exp(-event.deltaY * 0.0015), event.offsetX, event.offsetY) }
    canvas.onkeydown = event => this.onKey(event)
  }

  onDrag(event) {
    const [px, py] = [event.offsetX, event.offsetY]
    const drag = this.drag
    if (Math.hypot(px - drag.start[0], py - drag.start[1]) > POINT_CLICK_DISTANCE) drag.moved = true
    if (drag.lasso) { this.lasso.push(this.toData(px, py)); this.redraw() }
    else { this.hover(-1e6, -1e6); this.moveBy(drag.last[0] - px, py - drag.last[1]) }
    drag.last = [px, py]
  }

  onRelease(event) {
    const [drag, lasso] = [this.drag, this.lasso]
    this.drag = this.lasso = null
    if (!drag) return
    if (drag.lasso && drag.moved && lasso.length > 2) this.finishLasso(lasso)
    else if (!drag.moved) {
      const i = this.nearest(event.offsetX, event.offsetY)
      if (i >= 0) this.emit("picked", i)
      else if (drag.lasso) this.clear()
    }
    this.redraw()
  }

  finishLasso(line) {
    const lasso = thinLasso(line, 1 / this.zoom)
    if (lasso.length < 3) return this.clear()
    this.state.lasso = lasso
    this.select(lasso)
    this.emit("lasso", lasso)
  }

  clear() {
    if (!this.state.lasso) return
    this.state.lasso = null
    this.select(null)
    this.emit("lasso", [])
    this.redraw()
  }

  onKey(event) {
    const moves = { ArrowLeft: [-40, 0], ArrowRight: [40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }
    const actions = {
      "+": () => this.zoomBy(1.3), "=": () => this.zoomBy(1.3), "-": () => this.zoomBy(1 / 1.3), 0: () => this.fit(),
      l: () => this.setMode(this.mode === "lasso" ? "pan" : "lasso"), Escape: () => this.clear(),
      " ": () => this.stages.node.hidden || this.stages.playButton.click(), ",": () => this.stages.step(-1), ".": () => this.stages.step(1),
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key in moves) this.moveBy(...moves[event.key])
    else if (event.key in actions) actions[event.key]()
    else return
    event.preventDefault()
  }

  nearest(px, py) {
    return this.grid.nearest(...this.toData(px, py), Math.max(9, this.radius + 3) / this.zoom, i => !this.muted.has(this.value[i]))
  }

  hover(px, py) {
    const i = this.grid && this.width ? this.nearest(px, py) : -1
    if (i === this.hovered) return
    this.hovered = i
    this.tooltip.hidden = i < 0
    this.canvas.style.cursor = i >= 0 ? "pointer" : this.mode === "lasso" ? "crosshair" : "grab"
    if (i >= 0) this.fillTooltip(i)
    this.redraw()
  }

  fillTooltip(i) {
    const { ids, texts, title } = this.meta
    const lines = [make("div", "id", ids[i] ?? `question ${i}`), make("div", "text", texts[i] ?? ""), make("div", "value", `${title}: ${this.valueName(i)}`)]
    if (this.stages.position !== null && this.lengths[i]) {
      const at = Math.round(this.stages.position)
      lines.push(make("div", "value", `Stage ${this.meta.stages[at]}: ${this.counts[at][i]} of ${this.lengths[i]} steps supervised`))
    }
    this.tooltip.replaceChildren(...lines)
    const [x, y] = this.toScreen(this.x[i], this.y[i])
    this.tooltip.style.left = Math.min(Math.max(4, x + 12), this.width - this.tooltip.offsetWidth - 4) + "px"
    this.tooltip.style.top = Math.min(Math.max(4, y + 12), this.height - this.tooltip.offsetHeight - 4) + "px"
  }

  valueName(i) {
    const v = this.value[i]
    if (Number.isNaN(v)) return "none"
    return this.meta.names[v] ?? String(Number(v.toPrecision(4)))
  }

  // ---- toolbar and legend

  buildToolbar() {
    return new MapToolbar({
      size: size => this.setSize(size),
      sized: () => { this.sizes.note(this.size); this.emit("size", this.size) },
      mode: mode => this.setMode(mode),
      clear: () => this.clear(),
      zoom: factor => this.zoomBy(factor),
      fit: () => this.fit(),
      png: () => this.savePng(),
      svg: () => saveSvg("questions.svg", mapSvg(this)),
    })
  }

  setMode(mode) {
    this.mode = mode
    this.toolbar.showMode(mode)
    this.canvas.style.cursor = mode === "lasso" ? "crosshair" : "grab"
  }

  drawLegend() {
    fillLegend(this, k => { this.muted.has(k) ? this.muted.delete(k) : this.muted.add(k); this.drawLegend(); this.redraw() })
  }

  // ---- drawing

  redraw() {
    cancelAnimationFrame(this.pending)
    this.pending = requestAnimationFrame(() => this.draw())
  }

  draw() {
    if (!this.width || !this.x || !this.scale || !this.canvas.isConnected) return
    const pen = this.canvas.getContext("2d")
    const ratio = this.canvas.width / this.width
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    pen.clearRect(0, 0, this.width, this.height)
    this.radius = pointRadius(this.meta.count, this.zoom / this.home, this.size)
    this.share = this.stages.shares()
    paintPoints(this, pen, pointStyles(this))
    paintNames(this, pen)
    paintMarks(this, pen)
    this.canvas.dataset.drawn = Number(this.canvas.dataset.drawn ?? 0) + 1
    this.canvas.dataset.firstDrawn ??= performance.timeOrigin + performance.now()
  }

  savePng() { mapCanvas(this).toBlob(blob => saveFile("questions.png", blob, "image/png")) }
}

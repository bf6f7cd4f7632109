// The curriculum as a matrix that plays: a row a question, a column a stage, coloured by the steps that are still input;
// or a row a step, a column an epoch, coloured by difficulty. What differs between the two is in stage_player_cells.js.
// Texts come from a run and are hostile: they reach the page by textContent alone.

const PLAY_MS_PER_STAGE = 1100
const METERS = [["supervised", "difficulty supervised, H"], ["budget", "budget, D"], ["steps", "steps supervised"], ["whole", "rationales whole"]]
const players = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let player = players.get(parentElement)
  if (!player || player.data.key !== data.key) {
    const isFocused = player && player.canvas.getRootNode().activeElement === player.canvas
    player?.destroy()
    player = new StagePlayer(parentElement.querySelector(".sp"), data)
    players.set(parentElement, player)
    if (isFocused) player.canvas.focus()
  }
  player.emit = setTriggerValue
  player.receive(data)
  player.setTheme(parentElement)
  return () => player.stop()
}

class StagePlayer {
  constructor(root, data) {
    Object.assign(this, { root, data, stage: Math.min(data.stage, data.stages.length - 1), row: null, echoes: new Echoes() })
    this.last = data.stages.length - 1
    this.kind = data.kind === "difficulty" ? STEP_DIFFICULTY : STEPS_STILL_INPUT
    this.matrixHeight = this.kind.height(data)
    this.rows = rowPlaces(data.questions, this.matrixHeight)
    root.replaceChildren(this.buildBar(), this.buildFrame(), this.buildLegend())
    this.observer = new ResizeObserver(() => this.draw())
    this.observer.observe(this.frame)
  }

  destroy() { this.stop(); this.observer.disconnect() }

  // The stage from the address, unless it is what this player itself told a moment ago; what is chosen, always.
  receive(data) {
    if (this.echoes.isNews(data.stage)) this.stage = Math.min(data.stage, this.last)
    this.data.chosen = data.chosen
    this.draw()
  }

  setTheme(parent) {
    this.ramp = this.data.colours[isDark(parent) ? "dark" : "light"]
    const style = getComputedStyle(parent.host ?? parent)
    this.ink = style.getPropertyValue("--st-text-color").trim() || "#18202c"
    this.paper = style.getPropertyValue("--st-background-color").trim() || "#ffffff"
    this.font = style.getPropertyValue("--st-font").trim() || "sans-serif"
    const steps = [...Array(17).keys()].map(i => this.rampColour(i / 16))
    this.rampBar.style.background = `linear-gradient(to right, ${steps.join(",")})`
    this.legend.style.setProperty("--cell", this.rampColour(0.6))
    this.draw()
  }

  // ---- building

  buildBar() {
    const bar = make("div", "toolbar")
    this.playButton = makeButton("play", "", "", () => (this.playing ? this.stop(true) : this.play()))
    const box = make("label", "slider")
    const head = make("span", "head")
    this.value = make("output", "value")
    head.append(make("span", "", this.kind.head), this.value)
    this.slider = Object.assign(make("input"), { type: "range", min: 0, max: this.last, step: 1 })
    this.slider.oninput = () => { this.stop(); this.stage = Number(this.slider.value); this.draw() }
    this.slider.onchange = () => this.announce()
    box.append(head, this.slider)
    bar.append(this.playButton, box)
    this.meters = {}
    for (const [name, label] of METERS) {
      const meter = make("div", "reading")
      const value = make("b")
      const fill = make("span", "meter-fill " + name)
      const track = make("span", "meter")
      track.append(fill)
      meter.append(value, track, make("span", "label", label))
      bar.append(meter)
      this.meters[name] = { value, fill }
    }
    this.markPlaying(false)
    return bar
  }

  buildFrame() {
    this.frame = make("div", "frame")
    this.canvas = make("canvas")
    this.canvas.tabIndex = 0
    this.canvas.setAttribute("role", "img")
    this.canvas.setAttribute("aria-label", `${this.kind.description} Left and right change the ${this.kind.unit}, up and down the row, Enter chooses its question, space plays.`)
    this.tooltip = make("div", "tooltip")
    this.tooltip.hidden = true
    this.frame.append(this.canvas, this.tooltip)
    this.canvas.onpointermove = event => this.hover(this.place(event))
    this.canvas.onpointerleave = () => this.hover(null)
    this.canvas.onclick = event => { const place = this.place(event); if (place) this.pick(place.row) }
    this.canvas.onkeydown = event => this.onKey(event)
    this.canvas.onblur = () => this.hover(null)
    this.frame.style.height = this.height() + "px"
    return this.frame
  }

  buildLegend() {
    const legend = this.legend = make("div", "legend")
    this.rampBar = make("span", "ramp")
    const swatch = (name, text) => { const item = make("span", "item"); item.append(make("i", "swatch " + name), text); return item }
    const ramp = make("span", "item")
    const [low, high] = this.kind.scale(this.data)
    ramp.append(low, this.rampBar, high)
    const saves = make("span", "saves")
    const name = `${this.kind.file}-${this.data.name}`.replace(/[^\w.-]+/g, "_")
    saves.append(
      "Save as",
      makeButton("save", "PNG", "Save as PNG", () => savePng(name + ".png", this.picture())),
      makeButton("save", "SVG", "Save as SVG", () => saveSvg(name + ".svg", this.picture())),
      makeButton("save", "CSV", "Save as CSV", () => saveFile(name + ".csv", this.csv(), "text/csv")),
    )
    legend.append(ramp, ...this.kind.marks.map(([mark, text]) => swatch(mark, text)), swatch("supervised", "H(t) supervised"), swatch("budget", "D(t) budget"), saves)
    return legend
  }

  // ---- behaviour

  play() {
    if (this.last < 1) return
    const calm = prefersCalm()
    const begin = this.stage >= this.last ? 0 : this.stage
    const start = performance.now()
    this.playing = true
    this.markPlaying(true)
    const tick = now => {
      if (!this.playing) return
      const position = begin + Math.max(0, now - start) / PLAY_MS_PER_STAGE // the first frame can lie before the click
      this.stage = Math.min(this.last, calm ? Math.floor(position) : position)
      this.draw()
      if (position >= this.last) this.stop(true)
      else this.pending = requestAnimationFrame(tick)
    }
    this.pending = requestAnimationFrame(tick)
  }

  stop(byUser = false) {
    if (!this.playing) return
    this.playing = false
    cancelAnimationFrame(this.pending)
    this.stage = Math.round(this.stage)
    this.markPlaying(false)
    this.draw()
    if (byUser) this.announce()
  }

  markPlaying(on) {
    this.playButton.textContent = on ? "❚❚" : "▶"
    this.playButton.setAttribute("aria-label", on ? "Pause" : `Play through the ${this.kind.unit}s`)
  }

  announce() {
    const stage = Math.round(this.stage)
    this.echoes.note(stage)
    this.emit?.("stage", stage)
  }

  // The stage goes along where the server may not have heard of it yet: a new message can stop the work on the last one.
  pick(row) {
    if (!this.data.picks) return
    if (this.echoes.waiting.length) this.announce()
    this.emit?.("picked", this.data.questions[row])
  }

  onKey(event) {
    const rows = this.data.cells.length
    const from = this.row ?? this.data.chosen ?? -1
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      this.stop()
      this.stage = Math.min(this.last, Math.max(0, Math.round(this.stage) + (event.key === "ArrowRight" ? 1 : -1)))
      this.draw()
      this.announce()
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const row = Math.min(rows - 1, Math.max(0, from + (event.key === "ArrowDown" ? 1 : -1)))
      this.hover({ row, column: Math.round(this.stage) })
    } else if (event.key === "Enter" && this.row !== null) this.pick(this.row)
    else if (event.key === " ") this.playButton.click()
    else return
    event.preventDefault()
  }

  hover(place) {
    this.row = place?.row ?? null
    this.tooltip.hidden = !place
    this.draw()
    if (!place) return
    const { questions, labels } = this.data
    const title = make("div", "title")
    fillText(title, questions[place.row])
    const text = make("div", "text")
    fillText(text, labels[place.row])
    const facts = make("div", "facts", this.kind.facts(this.data, place.row, place.column))
    this.tooltip.replaceChildren(title, text, facts)
    const { x, y, width, height } = this.cell(place.row, place.column)
    this.tooltip.style.left = Math.min(x + width / 2, this.canvas.clientWidth - this.tooltip.offsetWidth - 4) + "px"
    this.tooltip.style.top = (y + height + this.tooltip.offsetHeight + 8 < this.height() ? y + height + 6 : y - this.tooltip.offsetHeight - 6) + "px"
  }

  // ---- geometry

  height() { return TOP + this.matrixHeight + GAP + STRIP_HEIGHT + BOTTOM }

  cell(row, column, width = this.canvas.clientWidth) {
    const w = (width - LEFT - RIGHT) / (this.last + 1)
    return { x: LEFT + column * w, y: TOP + this.rows.tops[row], width: w, height: this.rows.size }
  }

  place({ offsetX, offsetY }) {
    const column = Math.floor((offsetX - LEFT) / this.cell(0, 0).width)
    const row = this.rows.tops.findLastIndex(top => top <= offsetY - TOP)
    return column >= 0 && column <= this.last && row >= 0 && offsetY < TOP + this.matrixHeight ? { row, column } : null
  }

  // The rows of the chosen question, as a frame around them: its upper edge and height.
  chosenFrame() {
    const { chosen, questions } = this.data
    if (chosen === null || chosen === undefined) return null
    const last = questions.lastIndexOf(questions[chosen])
    const top = this.rows.tops[chosen]
    return { y: TOP + top, height: this.rows.tops[last] + this.rows.size - top }
  }

  // How much of a column is told: all up to the stage, a trace of what is still to come.
  told(column) { return Math.max(0.14, Math.min(1, this.stage - column + 1)) }

  rampColour(share) { return this.ramp[Math.round((this.kind.start + (1 - this.kind.start) * share) * (this.ramp.length - 1))] }

  at(values) {
    const low = Math.floor(this.stage)
    return values[low] + (this.stage - low) * ((values[low + 1] ?? values[low]) - values[low])
  }

  // ---- drawing

  draw() {
    if (!this.ramp || !this.canvas.isConnected) return
    this.drawReadings()
    const width = this.frame.clientWidth
    if (!width) return
    const ratio = devicePixelRatio || 1
    const [w, h] = [Math.round(width * ratio), Math.round(this.height() * ratio)]
    if (this.canvas.width !== w || this.canvas.height !== h) Object.assign(this.canvas, { width: w, height: h })
    const pen = this.canvas.getContext("2d")
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    pen.clearRect(0, 0, width, this.height())
    paintPlayer(this, canvasBrush(pen, this.font), width)
  }

  drawReadings() {
    const shown = Math.round(this.stage)
    this.slider.value = shown
    this.value.textContent = `${this.data.stages[shown]} of ${this.data.stages[this.last]}`
    for (const [name] of METERS) {
      const share = this.at(this.data[name])
      this.meters[name].value.textContent = percent(share)
      this.meters[name].fill.style.width = percent(Math.min(1, share))
    }
  }

  picture() {
    const width = Math.max(640, this.frame.clientWidth)
    const svg = shape("svg", { xmlns: SVG, viewBox: `0 0 ${width} ${this.height()}`, width, height: this.height() })
    svg.setAttribute("font-family", `${this.font.replaceAll('"', "'")}, sans-serif`)
    const brush = svgBrush(svg)
    brush.rect(0, 0, width, this.height(), this.paper, 1)
    paintPlayer(this, brush, width)
    return svg
  }

  csv() { return csvText(this.kind.csv(this.data)) }
}

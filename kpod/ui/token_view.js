// The token view: a rationale coloured by weight, scrubbed through the epochs of mask learning in the browser.
// Every text comes from a run and is hostile: it reaches the page by textContent alone.

const PLAY_MS_PER_EPOCH = 900
const SHORT_RATIONALE = 160 // units; a shorter rationale is set in larger type
const BRIEF_RATIONALE = 80 // units; below one that short there is room for a pinned token
const BAR_HEIGHT = 4 // pixels of the underline at the top of the scale
const COVERAGE = [["tokens", "of tokens"], ["loss", "of the loss"], ["numbers", "of numbers"], ["operator", "of operators"]]
const NUMBERS_HINT = "A number counts where all its digits weigh at least as much."
const UNIT_NAMES = { token: "tokens", word: "words", step: "steps" }
const CUES = [["bar", "underline"], ["size", "size"]]
const RANGES = [["fixed", "fixed"], ["own", "this rationale"]]
const views = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let view = views.get(parentElement)
  if (!view || view.key !== data.key) {
    view?.stop()
    view = new TokenView(parentElement.querySelector(".tv"), data)
    views.set(parentElement, view)
  }
  view.send = value => { view.sent = JSON.stringify(value); setTriggerValue("view", value) }
  view.receive(data.view)
  view.setTheme(isDark(parentElement) ? "dark" : "light")
  return () => view.stop()
}

class TokenView {
  constructor(root, data) {
    Object.assign(this, { root, data, key: data.key, epoch: 0, threshold: 0, pin: null, colours: "fixed", cue: "bar", theme: null, frame: 0, sent: "", received: "" })
    root.replaceChildren()
    root.classList.toggle("short", data.texts.length <= SHORT_RATIONALE)
    root.classList.toggle("brief", data.texts.length <= BRIEF_RATIONALE)
    this.last = data.weights.length - 1
    this.buildToolbar()
    const body = make("div", "body")
    this.buildText(body)
    this.buildSide(body)
    root.append(body)
    this.tooltip = make("div", "tooltip")
    this.tooltip.setAttribute("role", "status") // read out as the keys move
    this.tooltip.hidden = true
    root.append(this.tooltip)
  }

  // State from the address, unless it is what this view itself sent a moment ago.
  receive(view) {
    const text = JSON.stringify(view)
    if (text === this.received) return
    const isEcho = this.received !== "" && text === this.sent
    this.received = text
    // The answer to an earlier state may have come in between and undone what was sent last: then the echo counts.
    if (isEcho && !this.overruled) return
    this.overruled = !isEcho
    this.epoch = Math.min(Math.max(0, view.epoch), this.last)
    this.threshold = view.threshold
    this.pin = view.pin !== null && view.pin < this.data.texts.length ? view.pin : null
    this.colours = view.colours
    this.cue = view.cue
    this.draw()
  }

  setTheme(theme) {
    if (theme === this.theme) return
    this.theme = theme
    const { fill, ink } = this.data.scales[theme]
    this.fill = fill
    this.ink = ink
    this.ramp.style.background = `linear-gradient(to right, ${fill.filter((_, i) => i % 4 === 0).join(",")})`
    this.levels.fill(-1)
    this.draw()
  }

  announce() {
    this.overruled = false
    this.send?.({ epoch: Math.round(this.epoch), threshold: this.threshold, pin: this.pin, colours: this.colours, cue: this.cue })
  }

  // ---- building

  buildToolbar() {
    const bar = make("div", "toolbar")
    const many = this.last > 0
    this.playButton = make("button", "play")
    this.playButton.type = "button"
    this.playButton.onclick = () => (this.playing ? this.stop(true) : this.play())
    this.epochSlider = this.slider("Epoch of mask learning", "epoch", 0, this.last, 1)
    this.epochSlider.input.oninput = () => { this.stop(); this.epoch = Number(this.epochSlider.input.value); this.draw() }
    this.epochSlider.input.onchange = () => this.announce()
    const top = this.data.ranges.fixed[1]
    this.thresholdSlider = this.slider("Threshold", "threshold", 0, top, top > 1 ? top / 200 : 0.01)
    this.thresholdSlider.input.oninput = () => { this.threshold = Number(this.thresholdSlider.input.value); this.draw() }
    this.thresholdSlider.input.onchange = () => this.announce()
    if (many) bar.append(this.playButton, this.epochSlider.box)
    this.rangeChoice = this.choice("Colours", "colours", RANGES)
    this.cueChoice = this.choice("Second cue", "cue", CUES)
    bar.append(this.thresholdSlider.box, this.rangeChoice.box, this.cueChoice.box, this.buildLegend())
    this.root.append(bar)
    this.markPlaying(false)
  }

  slider(label, name, min, max, step) {
    const box = make("label", "slider " + name)
    const head = make("span", "head")
    const value = make("output", "value")
    head.append(make("span", "", label), value)
    const input = make("input")
    Object.assign(input, { type: "range", min, max, step })
    box.append(head, input)
    return { box, input, value }
  }

  choice(label, name, options) {
    const box = make("div", "choice " + name)
    box.setAttribute("role", "radiogroup")
    box.setAttribute("aria-label", label)
    const row = make("div", "options")
    const inputs = options.map(([value, text]) => {
      const input = Object.assign(make("input"), { type: "radio", name: `tv-${name}`, value })
      input.onchange = () => { this[name] = value; this.levels.fill(-1); this.draw(); this.announce() }
      const option = make("label", "option")
      option.append(input, make("span", "", text))
      row.append(option)
      return input
    })
    box.append(make("span", "head", label), row)
    return { box, show: value => inputs.forEach(input => { input.checked = input.value === value }) }
  }

  buildLegend() {
    const legend = make("div", "legend")
    legend.append(make("span", "head", this.weightName()))
    this.ramp = make("div", "ramp")
    this.rampMark = make("div", "ramp-mark")
    this.ramp.append(this.rampMark)
    const ticks = make("div", "ticks")
    this.ticks = [0, 1, 2].map(() => make("span"))
    ticks.append(...this.ticks)
    legend.append(this.ramp, ticks)
    return legend
  }

  weightName() {
    const { unit, how } = this.data
    return unit === "token" ? "Weight w" : `${{ mean: "Mean", max: "Greatest", sum: "Sum of" }[how]} w of a ${unit}`
  }

  buildText(body) {
    const { texts, leads, token_steps: tokenSteps, steps } = this.data
    const list = make("div", "steps")
    list.setAttribute("role", "list")
    this.tokens = []
    this.levels = new Array(texts.length).fill(-1)
    let line = null
    let step = null
    texts.forEach((text, j) => {
      if (tokenSteps[j] !== step) {
        step = tokenSteps[j]
        line = this.stepRow(list, steps.find(s => s.step === step) ?? { step, difficulty: null, share: 0 })
      }
      if (leads[j]) { const lead = make("span", "lead"); fillText(lead, leads[j]); line.append(lead) }
      const token = tokenSpan(line, text, "token")
      token.dataset.index = j
      this.tokens.push(token)
    })
    if (this.data.tail && line) { const tail = make("span", "lead"); fillText(tail, this.data.tail); line.append(tail) }
    list.tabIndex = 0
    list.setAttribute("aria-label", `Rationale. Left and right move between ${UNIT_NAMES[this.data.unit]}, up and down between steps, Enter pins one.`)
    list.classList.add("by-" + this.data.unit)
    list.onpointerover = event => this.hover(event.target.closest?.(".token"))
    list.onpointerleave = () => this.hover(null)
    list.onclick = event => { const token = event.target.closest?.(".token"); if (token) this.togglePin(Number(token.dataset.index)) }
    list.onkeydown = event => this.onKey(event)
    list.onblur = () => this.hover(null)
    body.append(list)
  }

  stepRow(list, step) {
    const row = make("div", "step")
    row.setAttribute("role", "listitem")
    const gutter = make("div", "gutter")
    gutter.append(make("span", "number", String(step.step + 1)))
    if (step.difficulty !== null) {
      const meter = make("span", "meter")
      const fill = make("span", "meter-fill")
      fill.style.width = percent(step.share)
      meter.append(fill)
      gutter.append(meter, make("span", "difficulty", step.difficulty.toFixed(2)))
      gutter.title = `Step ${step.step + 1}: difficulty ${step.difficulty.toFixed(3)} (Eq. 8)`
    }
    const line = make("div", "line")
    row.append(gutter, line)
    list.append(row)
    return line
  }

  buildSide(body) {
    const side = make("div", "side")
    this.coverageTitle = make("div", "title")
    side.append(this.coverageTitle)
    this.coverage = {}
    for (const [name, label] of COVERAGE) {
      const row = make("div", "cover " + name)
      const value = make("span", "value")
      const meter = make("span", "meter")
      const fill = make("span", "meter-fill")
      meter.append(fill)
      row.append(make("span", "name", label), meter, value)
      side.append(row)
      this.coverage[name] = { row, value, fill }
    }
    this.coverage.numbers.row.title = NUMBERS_HINT
    side.append(this.buildSaves())
    this.pinBox = make("div", "pin-box")
    body.append(side, this.pinBox)
  }

  buildSaves() {
    const row = make("div", "saves")
    const name = () => `keypoints-${this.data.name}-epoch-${this.data.epochs[Math.round(this.epoch)]}`.replace(/[^\w.-]+/g, "_")
    row.append(
      make("span", "hint", "Save as"),
      makeButton("save", "PNG", "Save as PNG", () => savePng(name() + ".png", this.picture())),
      makeButton("save", "SVG", "Save as SVG", () => saveSvg(name() + ".svg", this.picture())),
      makeButton("save", "CSV", "Save as CSV", () => saveFile(name() + ".csv", this.csv(), "text/csv")),
    )
    return row
  }

  picture() {
    this.hover(null)
    const title = `${this.weightName()}, epoch ${this.data.epochs[Math.round(this.epoch)]}`
    return tokenPicture(this.root, ".steps", { title, ramps: [{ colours: this.fill, ticks: this.ticks.map(tick => tick.textContent) }] })
  }

  csv() {
    const { unit, texts, first, counts, token_steps: steps, classes, roles, nll, epochs, weights } = this.data
    const known = [["nll", nll], ["role", roles]].filter(([, values]) => values)
    const head = [unit, "text", "first_token", "tokens", "step", "kind", ...known.map(([name]) => name), ...epochs.map(e => `weight_epoch_${e}`)]
    const rows = texts.map((text, j) => [j, text, first[j], counts[j], steps[j] + 1, classes[j], ...known.map(([, values]) => values[j]), ...weights.map(row => row[j])])
    return csvText([head, ...rows])
  }

  // ---- behaviour

  play() {
    if (this.last < 1) return
    const calm = prefersCalm()
    const begin = this.epoch >= this.last ? 0 : this.epoch
    const start = performance.now()
    this.playing = true
    this.markPlaying(true)
    const tick = now => {
      if (!this.playing) return
      // The first frame's time can lie before the click's.
      const position = begin + Math.max(0, now - start) / PLAY_MS_PER_EPOCH
      this.epoch = Math.min(this.last, calm ? Math.floor(position) : position)
      this.draw()
      if (position >= this.last) this.stop(true)
      else this.frame = requestAnimationFrame(tick)
    }
    this.frame = requestAnimationFrame(tick)
  }

  stop(byUser = false) {
    if (!this.playing) return
    this.playing = false
    cancelAnimationFrame(this.frame)
    this.epoch = Math.round(this.epoch)
    this.markPlaying(false)
    this.draw()
    if (byUser) this.announce()
  }

  markPlaying(on) {
    this.playButton.textContent = on ? "❚❚" : "▶"
    this.playButton.setAttribute("aria-label", on ? "Pause" : "Play through the epochs")
  }

  togglePin(index) {
    this.pin = this.pin === index ? null : index
    this.draw()
    this.announce()
  }

  onKey(event) {
    const current = this.hovered ?? this.pin ?? -1
    const next = this.target(event.key, current)
    if (next !== null) {
      this.hover(this.tokens[Math.min(Math.max(0, next), this.tokens.length - 1)])
      this.tokens[this.hovered].scrollIntoView({ block: "nearest" })
    } else if (event.key === "Enter" && this.hovered !== null) this.togglePin(this.hovered)
    else if (event.key === "Escape" && this.hovered !== null && this.pin === null) this.hover(null)
    else if (event.key === "Escape" && this.pin !== null) this.togglePin(this.pin)
    else return
    event.preventDefault()
  }

  // Where a key leads from a token: the next one, the first of the next step, an end; null for other keys.
  target(key, current) {
    const steps = this.data.token_steps
    const step = steps[Math.max(0, current)]
    if (key === "ArrowRight") return current + 1
    if (key === "ArrowLeft") return current - 1
    if (key === "Home") return 0
    if (key === "End") return steps.length - 1
    if (key === "ArrowDown") return current < 0 ? 0 : Math.max(current, steps.findIndex((each, j) => j > current && each !== step))
    if (key === "ArrowUp") return Math.max(0, steps.indexOf(step) < current ? steps.indexOf(step) : steps.indexOf(steps[current - 1]))
    return null
  }

  // ---- drawing

  weight(j) {
    const low = Math.floor(this.epoch)
    const a = this.data.weights[low][j]
    if (low === this.epoch) return a
    return a + (this.epoch - low) * (this.data.weights[low + 1][j] - a)
  }

  rank(j, current) { return 1 + current.filter(w => w > current[j] + 1e-9).length }

  draw() {
    if (!this.theme) return
    const current = this.tokens.map((_, j) => this.weight(j))
    this.current = current
    const top = this.fill.length - 1
    const [low, high] = this.data.ranges[this.colours]
    this.root.classList.toggle("by-size", this.cue === "size")
    this.tokens.forEach((token, j) => {
      const share = Math.min(1, Math.max(0, (current[j] - low) / (high - low)))
      const level = Math.round(share * top)
      if (level !== this.levels[j]) { // most tokens keep their colour from one frame to the next
        this.levels[j] = level
        token.style.setProperty("--fill", this.fill[level])
        token.style.setProperty("--ink", this.ink[level])
        token.style.setProperty("--share", share.toFixed(2))
        token.style.setProperty("--bar", Math.round(BAR_HEIGHT * share) + "px") // a thinner line would be drawn as thick as one pixel
      }
      token.classList.toggle("below", current[j] < this.threshold)
      token.classList.toggle("pinned", j === this.pin)
    })
    this.drawControls(current)
    this.drawPin()
    if (this.hovered != null) this.fillTooltip(this.hovered)
  }

  drawControls(current) {
    const shown = Math.round(this.epoch)
    if (document.activeElement !== this.epochSlider.input || this.playing) this.epochSlider.input.value = shown
    this.epochSlider.value.textContent = `${this.data.epochs[shown]} of ${this.data.epochs[this.last]}`
    this.thresholdSlider.input.value = this.threshold
    this.thresholdSlider.value.textContent = this.threshold.toFixed(2)
    this.rangeChoice.show(this.colours)
    this.cueChoice.show(this.cue)
    const [low, high] = this.data.ranges[this.colours]
    this.ticks.forEach((tick, i) => { tick.textContent = String(Number((low + (i / 2) * (high - low)).toPrecision(2))) })
    this.rampMark.style.left = percent(Math.min(1, Math.max(0, (this.threshold - low) / (high - low))))
    this.coverageTitle.textContent = `Weight at least ${this.threshold.toFixed(2)} holds`
    const { counts, numbers, operators, nll } = this.data
    const whole = numbers.filter(units => units.every(j => current[j] >= this.threshold))
    const sums = { tokens: [0, 0], loss: [0, 0], numbers: [whole.length, numbers.length], operator: [0, 0] }
    const add = (name, amount, inside) => { sums[name][0] += inside ? amount : 0; sums[name][1] += amount }
    current.forEach((w, j) => {
      const inside = w >= this.threshold
      add("tokens", counts[j], inside)
      add("operator", operators[j], inside)
      if (nll) add("loss", nll[j], inside)
    })
    for (const [name] of COVERAGE) {
      const [part, whole] = sums[name]
      const { row, value, fill } = this.coverage[name]
      row.hidden = whole === 0
      value.textContent = whole ? percent(part / whole) : ""
      fill.style.width = whole ? percent(part / whole) : "0"
    }
  }

  facts(j) {
    const { unit, counts, nll, token_steps: steps, classes, roles } = this.data
    const rows = [["weight", this.current[j].toFixed(3)], ["rank", `${this.rank(j, this.current)} of ${this.tokens.length}`]]
    if (nll) rows.push(["NLL", nll[j].toFixed(3)])
    rows.push(["step", String(steps[j] + 1)])
    if (unit !== "step") rows.push(["kind", classes[j]])
    if (roles) rows.push(["role", roles[j]])
    if (unit !== "token") rows.push(["tokens", String(counts[j])])
    return rows
  }

  factList(j) {
    const list = make("dl", "facts")
    for (const [name, value] of this.facts(j)) list.append(make("dt", "", name), make("dd", "", value))
    return list
  }

  quoted(j) { return quotedText(this.data.texts[j]) }

  hover(token) {
    this.tokens[this.hovered]?.classList.remove("hovered")
    this.hovered = token ? Number(token.dataset.index) : null
    this.tooltip.hidden = !token
    if (!token) return
    token.classList.add("hovered")
    this.fillTooltip(this.hovered)
    const box = token.getBoundingClientRect()
    const frame = this.root.getBoundingClientRect()
    const left = Math.min(Math.max(0, box.left - frame.left), frame.width - this.tooltip.offsetWidth)
    const above = box.top - frame.top - this.tooltip.offsetHeight - 6
    this.tooltip.style.left = left + "px"
    this.tooltip.style.top = (above > 0 ? above : box.bottom - frame.top + 6) + "px"
  }

  fillTooltip(j) {
    this.tooltip.replaceChildren(this.quoted(j), this.factList(j))
    if (this.last > 0) this.tooltip.append(sparkline(this.course(j)))
  }

  // What a trajectory is drawn from: a unit's weight in every epoch, the mean of all units', and where we are.
  course(j) {
    const { weights, epochs, ranges } = this.data
    return {
      own: weights.map(row => row[j]), mean: weights.map(row => row.reduce((sum, w) => sum + w, 0) / row.length),
      epochs, most: ranges.fixed[1], epoch: this.epoch, current: this.current[j],
    }
  }

  drawPin() {
    const box = this.pinBox
    box.classList.toggle("empty", this.pin === null)
    if (this.pin === null) {
      box.replaceChildren(make("div", "title", "Trajectory"), make("p", "hint", `Click a ${this.data.unit} to pin it and follow its weight through the epochs.`))
      return
    }
    const title = make("div", "title")
    title.append("Trajectory of ", this.quoted(this.pin))
    const close = make("button", "close", "×")
    close.type = "button"
    close.setAttribute("aria-label", "Unpin the token")
    close.onclick = () => this.togglePin(this.pin)
    title.append(close)
    const picture = make("div", "course")
    picture.append(trajectory(this.course(this.pin)), trajectoryLegend(this.data.unit))
    box.replaceChildren(title, picture, this.factList(this.pin))
  }
}

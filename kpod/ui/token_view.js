// The token view: a rationale coloured by weight, scrubbed through the epochs of mask learning in the browser.
// Every text comes from a run and is hostile: it reaches the page by textContent alone.

const PLAY_MS_PER_EPOCH = 900
const SHORT_RATIONALE = 160 // units; a shorter rationale is set in larger type
const BRIEF_RATIONALE = 80 // units; below one that short there is room for a pinned token
const BAR_HEIGHT = 4 // pixels of the underline at the top of the scale
const views = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let view = views.get(parentElement)
  if (!view || view.key !== data.key) {
    view?.stop()
    view = new TokenView(parentElement.querySelector(".tv"), data)
    views.set(parentElement, view)
  }
  view.send = value => { view.echoes.note(JSON.stringify(value)); setTriggerValue("view", { ...value, key: data.key }) }
  view.receive(data.view)
  view.setTheme(isDark(parentElement) ? "dark" : "light")
  return () => view.stop()
}

class TokenView {
  constructor(root, data) {
    Object.assign(this, { root, data, key: data.key, epoch: 0, threshold: 0, pin: null, colours: "fixed", cue: "bar", theme: null, frame: 0, echoes: new Echoes() })
    root.replaceChildren()
    root.classList.toggle("short", data.texts.length <= SHORT_RATIONALE)
    root.classList.toggle("brief", data.texts.length <= BRIEF_RATIONALE)
    this.last = data.weights.length - 1
    this.toolbar = this.buildToolbar()
    root.append(this.toolbar.node)
    const body = make("div", "body")
    this.buildText(body)
    this.buildSide(body)
    root.append(body)
    this.tooltip = make("div", "tooltip")
    this.tooltip.setAttribute("role", "status") // read out as the keys move
    this.tooltip.hidden = true
    root.append(this.tooltip)
  }

  // State from the address, unless it is what this view itself told a moment ago.
  receive(view) {
    if (!this.echoes.isNews(JSON.stringify(view))) return
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
    this.toolbar.setFill(fill)
    this.levels.fill(-1)
    this.draw()
  }

  announce() {
    this.send?.({ epoch: Math.round(this.epoch), threshold: Number(this.threshold.toFixed(2)), pin: this.pin, colours: this.colours, cue: this.cue })
  }

  // ---- building

  buildToolbar() {
    return new TokenToolbar(this.data, this.weightName(), {
      play: () => (this.playing ? this.stop(true) : this.play()),
      scrub: epoch => { this.stop(); this.epoch = epoch; this.draw() },
      threshold: threshold => { this.threshold = threshold; this.draw() },
      choose: (name, value) => { this[name] = value; this.levels.fill(-1); this.draw(); this.announce() },
      settled: () => this.announce(),
    })
  }

  weightName() {
    const { unit, how } = this.data
    return unit === "token" ? "Weight w" : `${{ mean: "Mean", max: "Greatest", sum: "Sum of" }[how]} w of a ${unit}`
  }

  buildText(body) {
    const { list, tokens } = rationaleText(this.data)
    this.tokens = tokens
    this.levels = new Array(tokens.length).fill(-1)
    list.onpointerover = event => this.hover(event.target.closest?.(".token"))
    list.onpointerleave = () => this.hover(null)
    list.onclick = event => { const token = event.target.closest?.(".token"); if (token) this.togglePin(Number(token.dataset.index)) }
    list.onkeydown = event => this.onKey(event)
    list.onblur = () => this.hover(null)
    body.append(list)
  }

  buildSide(body) {
    const side = make("div", "side")
    this.coverage = new Coverage(this.data)
    side.append(...this.coverage.nodes, this.buildSaves())
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
    return tokenPicture(this.root, ".steps", { title, ramps: [{ colours: this.fill, ticks: this.toolbar.tickTexts() }] })
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
    this.toolbar.markPlaying(true)
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
    this.toolbar.markPlaying(false)
    this.draw()
    if (byUser) this.announce()
  }

  togglePin(index) {
    this.pin = this.pin === index ? null : index
    this.draw()
    this.announce()
  }

  onKey(event) {
    const current = this.hovered ?? this.pin ?? -1
    const next = unitAfterKey(event.key, current, this.data.token_steps)
    if (next !== null) {
      this.hover(this.tokens[Math.min(Math.max(0, next), this.tokens.length - 1)])
      this.tokens[this.hovered].scrollIntoView({ block: "nearest" })
    } else if (event.key === "Enter" && this.hovered !== null) this.togglePin(this.hovered)
    else if (event.key === "Escape" && this.hovered !== null && this.pin === null) this.hover(null)
    else if (event.key === "Escape" && this.pin !== null) this.togglePin(this.pin)
    else return
    event.preventDefault()
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
    this.toolbar.show(this)
    this.coverage.show(current, this.threshold)
    this.drawPin()
    if (this.hovered != null) this.fillTooltip(this.hovered)
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

// Two sets of weights of one rationale: side by side, and their signed difference. Pointing at a token on one side
// points at what it covers on the other.

const SHOWN_MOVERS = 8
const BAR_HEIGHT = 4 // pixels of the second cue at the ends of the scales
const WEIGHT_NAMES = { token: "Weight w", word: "Weight of a word", step: "Weight of a step" }
const comparisons = new WeakMap()

export default function (component) {
  const { data, parentElement } = component
  const theme = isDark(parentElement) ? "dark" : "light"
  const known = comparisons.get(parentElement)
  if (known?.key === data.key && known.theme === theme) return
  comparisons.set(parentElement, { key: data.key, theme })
  new Comparison(parentElement.querySelector(".tc"), data, data.scales[theme])
}

class Comparison {
  constructor(root, data, scale) {
    Object.assign(this, { root, data, scale })
    const sides = make("div", "sides")
    this.panels = data.sides.map((side, i) => this.panel(sides, "AB"[i], data.names[i], side, w => this.weightColour(w)))
    const below = make("div", "below")
    const pieces = { ...data.pieces, weights: data.pieces.difference }
    this.panels.push(this.panel(below, "D", "A − B", pieces, d => this.signedColour(d), true))
    below.append(this.buildMovers())
    this.tooltip = make("div", "tooltip")
    this.tooltip.hidden = true
    const text = make("div", "texts")
    text.append(sides, below)
    root.replaceChildren(this.buildLegend(), text, this.tooltip)
    root.onpointerover = event => this.point(event.target.closest?.(".token, .mover") ?? this.held)
    root.onpointerleave = () => this.point(this.held)
    root.onclick = event => { const token = event.target.closest?.(".token"); if (token) this.hold(token) }
    root.onfocusin = event => this.point(event.target.closest?.(".token, .mover"))
    root.onkeydown = event => this.onKey(event)
  }

  weightColour(w) {
    const level = Math.round(Math.min(1, Math.max(0, w / this.data.top)) * (this.scale.fill.length - 1))
    return [this.scale.fill[level], this.scale.ink[level]]
  }

  signedColour(d) {
    const level = Math.round((Math.min(1, Math.max(-1, d / this.data.top)) + 1) / 2 * (this.scale.signed.length - 1))
    return [this.scale.signed[level], this.scale.signed_ink[level]]
  }

  panel(parent, letter, name, side, colour, isSigned = false) {
    const panel = make("section", "panel " + letter)
    const title = make("h3")
    fillText(title, name)
    const text = make("div", "text")
    text.tabIndex = 0
    text.setAttribute("aria-label", `${letter === "D" ? "Differences" : "Weights of " + letter}. Arrow keys move between tokens.`)
    text.dataset.panel = letter
    let step = null
    let line = null
    const tokens = side.texts.map((value, j) => {
      if (side.steps[j] !== step) {
        step = side.steps[j]
        line = make("div", "line")
        line.append(make("span", "number", String(step + 1)))
        text.append(line)
      }
      if (side.leads[j]) { const lead = make("span", "lead"); fillText(lead, side.leads[j]); line.append(lead) }
      const token = tokenSpan(line, value, "token")
      const [fill, ink] = colour(side.weights[j])
      token.style.background = fill
      token.style.color = ink
      // The second cue: a bar above for A, below for B; below the token its weight where there is no sign. In whole
      // pixels: a browser draws any thinner line as thick as one.
      const size = Math.round(BAR_HEIGHT * Math.min(1, Math.abs(side.weights[j]) / this.data.top)) + "px"
      token.style[isSigned && side.weights[j] > 0 ? "borderTopWidth" : "borderBottomWidth"] = size
      token.dataset.index = j
      token.dataset.panel = letter
      return token
    })
    panel.append(title, text)
    parent.append(panel)
    return { text, tokens }
  }

  buildLegend() {
    const legend = make("div", "legends")
    const ramp = (label, colours, ticks) => {
      const box = make("div", "legend")
      const bar = make("div", "ramp")
      bar.style.background = `linear-gradient(to right, ${colours.filter((_, i) => i % 4 === 0).join(",")})`
      const row = make("div", "ticks")
      for (const tick of ticks) row.append(make("span", "", tick))
      box.append(make("span", "head", label), bar, row)
      legend.append(box)
    }
    for (const each of this.ramps()) ramp(each.label, each.colours, each.ticks)
    const save = make("div", "saves")
    const name = form => `difference-${this.data.name}.${form}`.replace(/[^\w.-]+/g, "_")
    save.append(
      makeButton("save", "PNG", "Save the comparison as PNG", () => savePng(name("png"), this.picture())),
      makeButton("save", "SVG", "Save the comparison as SVG", () => saveSvg(name("svg"), this.picture())),
      makeButton("save", "CSV", "Save the difference as CSV", () => saveFile(name("csv"), this.csv(), "text/csv")),
    )
    legend.append(save)
    return legend
  }

  ramps() {
    const short = value => String(Number(value.toPrecision(2)))
    const top = short(this.data.top)
    return [
      { label: WEIGHT_NAMES[this.data.unit], colours: this.scale.fill, ticks: ["0", short(this.data.top / 2), top] },
      { label: "Difference A − B", colours: this.scale.signed, ticks: [`−${top} (B more)`, "0", `+${top} (A more)`] },
    ]
  }

  picture() {
    this.hold(null)
    return tokenPicture(this.root, ".texts", { title: this.data.name.slice(0, 60), ramps: this.ramps() })
  }

  buildMovers() {
    const { difference, texts } = this.data.pieces
    const box = make("section", "movers")
    box.append(make("h3", "", "Farthest apart"))
    const order = difference.map((_, j) => j).filter(j => texts[j].trim()).sort((i, j) => Math.abs(difference[j]) - Math.abs(difference[i]))
    for (const j of order.slice(0, SHOWN_MOVERS)) {
      const row = makeButton("mover", undefined, `${signed(difference[j])} in ${this.place(j)}; show it in the text`, () => this.goTo(j))
      row.dataset.index = j
      row.dataset.panel = "D"
      const [fill, ink] = this.signedColour(difference[j])
      const value = make("span", "value", signed(difference[j]))
      Object.assign(value.style, { background: fill, color: ink })
      row.append(quotedText(texts[j]), make("span", "place", this.place(j)), value)
      box.append(row)
    }
    return box
  }

  // Where a piece stands: the same text comes many times in a rationale.
  place(j) {
    const { steps, places } = this.data.pieces
    return `step ${steps[j] + 1}` + (this.data.unit === "step" ? "" : `, ${this.data.unit} ${places[j]}`)
  }

  // From the list to the text: the piece in sight and marked on all sides, until something else is chosen.
  goTo(j) {
    const { text, tokens } = this.panels[2]
    text.focus({ preventScroll: true })
    tokens[j].scrollIntoView({ block: "nearest", behavior: prefersCalm() ? "auto" : "smooth" })
    this.hold(tokens[j])
  }

  hold(token) {
    this.held = token
    this.point(token)
  }

  csv() {
    const { texts, steps, places, a, b, first, second, difference } = this.data.pieces
    const rows = texts.map((text, j) => [j, text, steps[j] + 1, places[j], a[j], b[j], first[j], second[j], difference[j]])
    return csvText([["piece", "text", "step", "place", "token_a", "token_b", "weight_a", "weight_b", "difference"], ...rows])
  }

  // The tokens of A, of B and the pieces that belong to what is pointed at.
  linked(panel, index) {
    const { a, b } = this.data.pieces
    const pieces = a.map((_, j) => j).filter(j => (panel === "D" ? j : panel === "A" ? a[j] : b[j]) === index)
    return { pieces, A: new Set(pieces.map(j => a[j])), B: new Set(pieces.map(j => b[j])), D: new Set(pieces) }
  }

  point(node) {
    for (const marked of this.marked ?? []) marked.classList.remove("pointed")
    this.marked = []
    this.tooltip.hidden = true
    if (!node?.dataset.panel) return
    const { panel, index } = node.dataset
    const links = this.linked(panel, Number(index))
    this.panels.forEach(({ tokens }, i) => {
      for (const j of links["ABD"[i]]) { tokens[j].classList.add("pointed"); this.marked.push(tokens[j]) }
    })
    if (!links.pieces.length) return
    this.fillTooltip(links.pieces[0])
    const target = node.classList.contains("mover") ? this.panels[2].tokens[Number(index)] : node
    this.placeTooltip(target)
    this.current = { panel, index: Number(index) }
  }

  fillTooltip(j) {
    const { texts, first, second, difference } = this.data.pieces
    const facts = make("dl", "facts")
    const rows = [["A", first[j].toFixed(3)], ["B", second[j].toFixed(3)], ["A − B", signed(difference[j])], ["place", this.place(j)]]
    for (const [name, value] of rows) facts.append(make("dt", "", name), make("dd", "", value))
    this.tooltip.replaceChildren(quotedText(texts[j]), facts)
    this.tooltip.hidden = false
  }

  placeTooltip(target) {
    const box = target.getBoundingClientRect()
    const frame = this.root.getBoundingClientRect()
    const above = box.top - frame.top - this.tooltip.offsetHeight - 6
    this.tooltip.style.left = Math.min(Math.max(0, box.left - frame.left), frame.width - this.tooltip.offsetWidth) + "px"
    this.tooltip.style.top = (above > 0 ? above : box.bottom - frame.top + 6) + "px"
  }

  onKey(event) {
    if (event.key === "Escape" && this.held) return this.hold(null)
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const letter = event.target.dataset?.panel
    if (!move || !event.target.classList.contains("text")) return
    const { tokens } = this.panels["ABD".indexOf(letter)]
    const from = this.current?.panel === letter ? this.current.index : move > 0 ? -1 : tokens.length
    this.point(tokens[Math.min(Math.max(0, from + move), tokens.length - 1)])
    event.preventDefault()
  }
}

const signed = value => (value > 0 ? "+" : value < 0 ? "−" : "±") + Math.abs(value).toFixed(3)

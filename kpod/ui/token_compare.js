// Two sets of weights of one rationale: side by side, and their signed difference. Pointing at a token on one side
// points at what it covers on the other.

const SHOWN_MOVERS = 8
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
    root.replaceChildren(this.buildLegend(), sides, below, this.tooltip)
    root.onpointerover = event => this.point(event.target.closest?.(".token"))
    root.onpointerleave = () => this.point(null)
    root.onfocusin = event => this.point(event.target.closest?.(".token, .mover"))
    root.onkeydown = event => this.onKey(event)
  }

  weightColour(w) {
    const level = Math.round(Math.min(1, Math.max(0, w)) * (this.scale.fill.length - 1))
    return [this.scale.fill[level], this.scale.ink[level]]
  }

  signedColour(d) {
    const level = Math.round((Math.min(1, Math.max(-1, d)) + 1) / 2 * (this.scale.signed.length - 1))
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
      // The second cue: a bar above for A, below for B; below the token its weight where there is no sign.
      const size = (3 * Math.min(1, Math.abs(side.weights[j]))).toFixed(1) + "px"
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
    ramp("Weight w", this.scale.fill, ["0", "0.5", "1"])
    ramp("Difference A − B", this.scale.signed, ["−1 (B more)", "0", "+1 (A more)"])
    const save = make("div", "saves")
    save.append(makeButton("save", "CSV", "Save the difference as CSV", () => saveFile(`difference-${this.data.name.replace(/[^\w.-]+/g, "_")}.csv`, this.csv(), "text/csv")))
    legend.append(save)
    return legend
  }

  buildMovers() {
    const { difference, texts } = this.data.pieces
    const box = make("section", "movers")
    box.append(make("h3", "", "Farthest apart"))
    const order = difference.map((_, j) => j).sort((i, j) => Math.abs(difference[j]) - Math.abs(difference[i])).slice(0, SHOWN_MOVERS)
    for (const j of order) {
      const row = makeButton("mover", undefined, `Show where ${signed(difference[j])} is`, () => this.point(row))
      row.dataset.index = j
      row.dataset.panel = "D"
      row.onpointerenter = () => this.point(row)
      const [fill, ink] = this.signedColour(difference[j])
      const value = make("span", "value", signed(difference[j]))
      Object.assign(value.style, { background: fill, color: ink })
      row.append(quotedText(texts[j]), value)
      box.append(row)
    }
    return box
  }

  csv() {
    const { texts, steps, a, b, first, second, difference } = this.data.pieces
    const rows = texts.map((text, j) => [j, text, steps[j] + 1, a[j], b[j], first[j], second[j], difference[j]])
    return csvText([["piece", "text", "step", "token_a", "token_b", "weight_a", "weight_b", "difference"], ...rows])
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
    const { texts, first, second, difference, steps } = this.data.pieces
    const facts = make("dl", "facts")
    const rows = [["A", first[j].toFixed(3)], ["B", second[j].toFixed(3)], ["A − B", signed(difference[j])], ["step", String(steps[j] + 1)]]
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

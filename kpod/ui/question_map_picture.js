// The map as a picture to save, with its legend: PNG from a canvas, or SVG from a pen that writes down what it is told.

const MAX_SVG_POINTS = 20_000 // beyond, an SVG is too large for what opens it
const LEGEND_LINE = 22

// A canvas' 2D pen as far as the map uses it, that makes SVG.
class SvgPen {
  constructor(width, height, measure) {
    Object.assign(this, { globalAlpha: 1, lineWidth: 1, lineJoin: "miter", fillStyle: "#000", strokeStyle: "#000", font: "", textAlign: "start", textBaseline: "alphabetic", path: [], dash: [], measure })
    this.svg = shape("svg", { xmlns: SVG, viewBox: `0 0 ${width} ${height}`, width, height })
  }

  beginPath() { this.path = [] }
  moveTo(x, y) { this.path.push(`M${short(x)} ${short(y)}`) }
  lineTo(x, y) { this.path.push(`L${short(x)} ${short(y)}`) }
  closePath() { this.path.push("Z") }
  rect(x, y, width, height) { this.path.push(`M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`) }
  arc(x, y, r) { this.path.push(`M${short(x + r)} ${short(y)}a${short(r)} ${short(r)} 0 1 1 ${short(-2 * r)} 0a${short(r)} ${short(r)} 0 1 1 ${short(2 * r)} 0`) } // whole circles alone
  setLineDash(dash) { this.dash = dash }
  measureText(text) { this.measure.font = this.font; return this.measure.measureText(text) }
  fillRect(x, y, width, height) { shape("rect", { x, y, width, height, ...fillOf(this.fillStyle) }, this.svg) }
  fill() { this.draw("path", { d: this.path.join(""), ...this.painted("fill") }) }
  stroke() { this.draw("path", { d: this.path.join(""), fill: "none", ...this.painted("stroke") }) }
  fillText(text, x, y) { this.write(text, x, y, this.painted("fill")) }
  strokeText(text, x, y) { this.write(text, x, y, { fill: "none", ...this.painted("stroke") }) }

  painted(kind) {
    const [r, g, b, a] = plainColour(kind === "fill" ? this.fillStyle : this.strokeStyle)
    const look = { [kind]: `rgb(${r},${g},${b})`, [kind + "-opacity"]: Number((a * this.globalAlpha).toFixed(3)) }
    if (kind === "stroke") Object.assign(look, { "stroke-width": this.lineWidth, "stroke-linejoin": this.lineJoin }, this.dash.length ? { "stroke-dasharray": this.dash.join(" ") } : {})
    return look
  }

  draw(tag, attributes) { if (attributes.d !== "") return shape(tag, attributes, this.svg) }

  write(text, x, y, look) {
    const [, weight, size, family] = /^(\d+) ([\d.]+)px (.*)$/.exec(this.font)
    const anchor = { center: "middle", right: "end" }[this.textAlign] ?? "start"
    const at = { x: short(x), y: short(y + (this.textBaseline === "middle" ? 0.35 * size : 0)) }
    const node = this.draw("text", { ...at, "font-size": size, "font-weight": weight, "font-family": family.replaceAll('"', "'"), "text-anchor": anchor, ...look })
    node.textContent = text
    if (/[\u0590-\u08ff]/.test(text)) return // written from the right: as wide as it comes
    // As wide as it was measured, whatever font the reader of the file has.
    node.setAttribute("textLength", short(this.measureText(text).width))
    node.setAttribute("lengthAdjust", "spacingAndGlyphs")
  }
}

const short = value => Number(value.toFixed(2))

function fillOf(css) {
  const [r, g, b, a] = plainColour(css)
  return { fill: `rgb(${r},${g},${b})`, "fill-opacity": a }
}

// The map with its points as shapes of their own, as SVG.
function mapSvg(map) {
  const entries = legendEntries(map)
  const measure = make("canvas").getContext("2d")
  const lines = legendLines(map, measure, entries)
  const pen = new SvgPen(map.width, map.height + legendHeight(lines), measure)
  pen.fillStyle = map.paper
  pen.fillRect(0, 0, map.width, map.height + legendHeight(lines))
  paintShapes(map, pen, pointStyles(map))
  paintNames(map, pen)
  paintMarks(map, pen)
  paintLegend(map, pen, lines)
  return pen.svg
}

// What the canvas shows, with the legend below it.
function mapCanvas(map) {
  const ratio = map.canvas.width / map.width
  const copy = make("canvas")
  const pen = copy.getContext("2d")
  const lines = legendLines(map, pen, legendEntries(map))
  Object.assign(copy, { width: map.canvas.width, height: Math.round(map.canvas.height + ratio * legendHeight(lines)) })
  pen.fillStyle = map.paper
  pen.fillRect(0, 0, copy.width, copy.height)
  pen.drawImage(map.canvas, 0, 0)
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  paintLegend(map, pen, lines)
  return copy
}

// ---- the legend: the title, then a mark and a name each, or the ends of the scale with its colours between

function legendEntries({ meta, scale, value }) {
  const entries = [{ text: meta.title, isTitle: true }]
  const format = v => String(Number(v.toPrecision(3)))
  if (meta.names.length) meta.names.forEach((name, k) => entries.push({ text: name, colour: meta.colours[k], shape: meta.shapes[k] ?? "circle" }))
  else entries.push({ text: format(meta.low), ramp: scale }, { text: format(meta.high) })
  if (value.some(v => Number.isNaN(v))) entries.push({ text: "none", colour: meta.missing, shape: "circle" })
  return entries
}

function legendFont(map, isTitle) { return `${isTitle ? 600 : 400} 12px ${map.font}` }

function legendLines(map, pen, entries) {
  const lines = [[]]
  let x = 12
  for (const entry of entries) {
    pen.font = legendFont(map, entry.isTitle)
    const wide = (entry.colour ? 16 : 0) + pen.measureText(entry.text).width + (entry.ramp ? 172 : 18)
    if (x + wide > map.width - 8 && lines.at(-1).length) { lines.push([]); x = 12 }
    lines.at(-1).push({ ...entry, x })
    x += wide
  }
  return lines
}

function legendHeight(lines) { return LEGEND_LINE * lines.length + 10 }

function paintLegend(map, pen, lines) {
  Object.assign(pen, { textAlign: "left", textBaseline: "middle", globalAlpha: 1, fillStyle: map.paper })
  pen.fillRect(0, map.height, map.width, legendHeight(lines)) // points at the map's edge reach below it
  lines.forEach((line, row) => line.forEach(entry => {
    const y = map.height + LEGEND_LINE * (row + 0.5) + 4
    if (entry.colour) {
      pen.fillStyle = pen.strokeStyle = entry.colour
      pen.beginPath()
      traceShape(pen, entry.shape, entry.x + 5, y, 5)
      if (entry.shape === "cross") { pen.lineWidth = 2.4; pen.stroke() } else pen.fill()
    }
    pen.font = legendFont(map, entry.isTitle)
    pen.fillStyle = map.ink
    pen.fillText(entry.text, entry.x + (entry.colour ? 16 : 0), y)
    if (!entry.ramp) return
    const from = entry.x + pen.measureText(entry.text).width + 8
    const each = 156 / entry.ramp.length
    entry.ramp.forEach((colour, k) => { pen.fillStyle = colour; pen.fillRect(from + k * each, y - 5, each + 0.4, 10) })
  }))
}

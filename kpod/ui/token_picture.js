// Coloured tokens as an SVG of their own: what is on the screen, measured from it, with a title and legends.

const PICTURE_MARGIN = 16
const RAMP = { width: 180, gap: 40 }

// `selector` names the part of `root` that is shown; of each of `ramps`, `colours` and three `ticks`, and perhaps a `label`.
function tokenPicture(root, selector, { title, ramps }) {
  const body = root.querySelector(selector)
  const box = body.getBoundingClientRect()
  const width = Math.ceil(box.width) + 2 * PICTURE_MARGIN
  const top = 56
  const height = Math.ceil(box.height) + top + PICTURE_MARGIN
  const svg = shape("svg", { xmlns: SVG, viewBox: `0 0 ${width} ${height}`, width, height })
  const style = getComputedStyle(body)
  const paper = getComputedStyle(root.getRootNode().host ?? root).getPropertyValue("--st-background-color").trim() || "#ffffff"
  shape("rect", { width, height, ...fillOf(paper) }, svg)
  svg.setAttribute("font-family", `${style.fontFamily.replaceAll('"', "'")}, sans-serif`)
  const label = (x, y, text, size, anchor = "start") => {
    const node = shape("text", { x, y, "font-size": size, "text-anchor": anchor, ...fillOf(style.color) }, svg)
    node.textContent = text
  }
  label(PICTURE_MARGIN, 26, title, 15)
  ramps.forEach(({ colours, ticks, label: name }, i) => {
    const x = width - PICTURE_MARGIN - RAMP.width - (ramps.length - 1 - i) * (RAMP.width + RAMP.gap)
    if (name) label(x, 12, name, 10)
    drawRamp(svg, x, 16, RAMP.width, colours)
    ticks.forEach((tick, k) => label(x + (RAMP.width / 2) * k, 38, tick, 10, ["start", "middle", "end"][k]))
  })
  const [dx, dy] = [PICTURE_MARGIN - box.left, top - box.top]
  for (const panel of body.querySelectorAll(".panel, .movers")) drawFrame(svg, panel, dx, dy)
  for (const token of body.querySelectorAll(".token, .mover .value")) drawToken(svg, token, dx, dy)
  for (const segment of textSegments(body)) drawSegment(svg, segment, dx, dy)
  return svg
}

function drawFrame(svg, panel, dx, dy) {
  const { left, top, width, height } = panel.getBoundingClientRect()
  const [r, g, b] = plainColour(getComputedStyle(panel).color)
  shape("rect", { x: left + dx, y: top + dy, width, height, fill: "none", stroke: `rgb(${r},${g},${b})`, "stroke-opacity": 0.18 }, svg)
}

function fillOf(css) {
  const [r, g, b, a] = plainColour(css)
  return { fill: `rgb(${r},${g},${b})`, "fill-opacity": a.toFixed(3) }
}

function drawRamp(svg, x, y, width, colours) {
  const each = width / colours.length
  colours.forEach((fill, i) => shape("rect", { x: (x + i * each).toFixed(2), y, width: (each + 0.3).toFixed(2), height: 10, fill }, svg))
}

function drawToken(svg, token, dx, dy) {
  const style = getComputedStyle(token)
  const [above, below] = [parseFloat(style.borderTopWidth), parseFloat(style.borderBottomWidth)]
  for (const { left, top, width, height } of token.getClientRects()) {
    const place = { x: (left + dx).toFixed(1), width: width.toFixed(1) }
    shape("rect", { ...place, y: (top + dy).toFixed(1), height: height.toFixed(1), rx: 2.5, ...fillOf(style.backgroundColor) }, svg)
    if (above > 0.2) shape("rect", { ...place, y: (top + dy).toFixed(1), height: above, ...fillOf(style.borderTopColor) }, svg)
    if (below > 0.2) shape("rect", { ...place, y: (top + dy + height - below).toFixed(1), height: below, ...fillOf(style.borderBottomColor) }, svg)
  }
}

// Every text node in pieces that stand on one line each.
function* textSegments(body) {
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT)
  const range = document.createRange()
  while (walker.nextNode()) {
    const node = walker.currentNode
    const measure = (start, end) => { range.setStart(node, start); range.setEnd(node, end); return range.getClientRects() }
    const whole = measure(0, node.length)
    if (whole.length === 1) { yield { node, text: node.data, box: whole[0] }; continue }
    let start = 0
    let line = null
    for (let at = 0; at <= node.length; at++) {
      const box = at < node.length ? measure(at, at + 1)[0] : null
      if (line && (!box || Math.abs(box.top - line.top) > 2)) {
        yield { node, text: node.data.slice(start, at), box: measure(start, at)[0] ?? line }
        start = at
      }
      line = box
    }
  }
}

function drawSegment(svg, { node, text, box }, dx, dy) {
  if (!box || !text.trim()) return
  const style = getComputedStyle(node.parentElement)
  const size = parseFloat(style.fontSize)
  const shown = shape("text", {
    x: (box.left + dx).toFixed(1), y: (box.top + dy + box.height / 2 + 0.34 * size).toFixed(1), "font-size": size,
    "font-weight": style.fontWeight, textLength: box.width.toFixed(1), lengthAdjust: "spacingAndGlyphs", "xml:space": "preserve",
    opacity: style.opacity, ...fillOf(style.color),
  }, svg)
  if (style.direction === "rtl" || /[\u0590-\u08ff]/.test(text)) shown.removeAttribute("textLength")
  shown.textContent = text
}

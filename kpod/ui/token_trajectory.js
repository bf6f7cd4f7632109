// A unit's weight through the epochs of mask learning: large with axes for the pinned one, small in the tooltip.
// `own` and `mean` are weights by epoch, `most` the top of the scale, `epoch` where we are, `current` the weight there.

function trajectory({ own, mean, epochs, most, epoch, current }) {
  const [width, height, left, right, top, bottom] = [280, 132, 26, 8, 8, 22]
  const last = own.length - 1
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, class: "trajectory", role: "img", "aria-label": `Weight by epoch, now ${current.toFixed(3)}` })
  const x = e => left + (last ? e / last : 0.5) * (width - left - right)
  const y = w => top + (1 - w / most) * (height - top - bottom)
  for (const w of [0, most / 2, most]) {
    shape("line", { x1: left, x2: width - right, y1: y(w), y2: y(w), class: "grid" }, svg)
    shape("text", { x: left - 6, y: y(w) + 3.5, class: "tick end" }, svg).textContent = String(Number(w.toPrecision(2)))
  }
  const every = Math.max(1, Math.ceil(last / 8))
  epochs.forEach((label, e) => {
    if (e === last || (e % every === 0 && last - e >= every)) shape("text", { x: x(e), y: height - 6, class: "tick middle" }, svg).textContent = label
  })
  shape("line", { x1: x(epoch), x2: x(epoch), y1: top, y2: height - bottom, class: "now" }, svg)
  shape("path", { d: linePath(mean, x, y), class: "mean" }, svg)
  shape("path", { d: linePath(own, x, y), class: "own" }, svg)
  own.forEach((w, e) => shape("circle", { cx: x(e), cy: y(w), r: 2.6, class: "dot" }, svg))
  shape("circle", { cx: x(epoch), cy: y(current), r: 4.5, class: "dot here" }, svg)
  return svg
}

// What the two lines of `trajectory` are.
function trajectoryLegend(unit) {
  const legend = make("div", "lines")
  for (const [name, text] of [["own", `this ${unit}`], ["mean", `mean of all ${unit}s`]]) {
    const entry = make("span", "line-entry")
    const sample = shape("svg", { viewBox: "0 0 22 8", class: "sample", "aria-hidden": "true" })
    shape("path", { d: "M1 4L21 4", class: name }, sample)
    entry.append(sample, text)
    legend.append(entry)
  }
  return legend
}

function sparkline({ own, epochs, most, epoch, current }) {
  const [width, height, edge] = [150, 30, 5]
  const last = own.length - 1
  const x = e => edge + (e / last) * (width - 2 * edge)
  const y = w => edge + (1 - w / most) * (height - 2 * edge)
  const box = make("div", "spark")
  const told = `Weight from ${own[0].toFixed(2)} in epoch ${epochs[0]} to ${own[last].toFixed(2)} in epoch ${epochs[last]}`
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, class: "sparkline", role: "img", "aria-label": told })
  for (const w of [0, most]) shape("line", { x1: edge, x2: width - edge, y1: y(w), y2: y(w), class: "grid" }, svg)
  shape("path", { d: linePath(own, x, y), class: "own" }, svg)
  shape("circle", { cx: x(epoch), cy: y(current), r: 3, class: "dot here" }, svg)
  const ends = make("div", "ends")
  ends.append(make("span", "", `epoch ${epochs[0]}: ${own[0].toFixed(2)}`), make("span", "", `${epochs[last]}: ${own[last].toFixed(2)}`))
  box.append(svg, ends)
  return box
}

function linePath(values, x, y) { return values.map((w, e) => `${e ? "L" : "M"}${x(e).toFixed(1)} ${y(w).toFixed(1)}`).join("") }

// The legend below the map: a ramp of numbers, or the categories, each a button that mutes its points.

// `toggle` is called with the category that the reader mutes or brings back; of the map, `muted` holds those muted.
function fillLegend({ meta, legend, scale, value, muted }, toggle) {
  legend.replaceChildren(make("span", "title", meta.title))
  if (!meta.names.length) {
    const ramp = make("div", "ramp")
    ramp.style.background = `linear-gradient(to right, ${scale.join(",")})`
    const format = v => String(Number(v.toPrecision(3)))
    legend.append(make("span", "end", format(meta.low)), ramp, make("span", "end", format(meta.high)))
  }
  const counts = new Map()
  for (const v of value) counts.set(v, (counts.get(v) ?? 0) + 1) // NaN is one key
  meta.names.forEach((name, k) => {
    const entry = makeButton("entry", "", "", () => toggle(k))
    entry.setAttribute("aria-pressed", !muted.has(k))
    entry.append(swatch(meta.colours[k], meta.shapes[k]), make("span", "name", name), make("span", "count", String(counts.get(k) ?? 0)))
    legend.append(entry)
  })
  if (counts.has(NaN)) {
    const entry = make("span", "entry")
    entry.append(swatch(meta.missing, "circle"), make("span", "", "none"), make("span", "count", String(counts.get(NaN))))
    legend.append(entry)
  }
}

// A category's mark in the legend: its shape in its colour.
const MARKS = {
  circle: "M2 8a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z", square: "M2.7 2.7h10.6v10.6h-10.6z", diamond: "M8 1l7 7l-7 7l-7 -7z",
  triangle: "M8 1l7 12.5h-14z", cross: "M3 3l10 10M3 13l10 -10",
}
function swatch(colour, kind) {
  const node = shape("svg", { class: "swatch", viewBox: "0 0 16 16", "aria-hidden": "true" })
  shape("path", { d: MARKS[kind] ?? MARKS.circle, fill: colour, stroke: colour, "stroke-width": kind === "cross" ? 3 : 0 }, node)
  return node
}

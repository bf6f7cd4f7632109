// The bar above the map of questions: point size, pan or lasso, zoom, and the map as a file.

class MapToolbar {
  // `told` has what the controls do: size (as it moves), sized (let go), mode, clear, zoom (by a factor), fit, png, svg.
  constructor(told) {
    this.node = make("div", "toolbar")
    const size = make("label", "size")
    this.sizeSlider = Object.assign(make("input"), { type: "range", min: 0.5, max: 4, step: 0.25 })
    this.sizeSlider.oninput = () => told.size(Number(this.sizeSlider.value))
    this.sizeSlider.onchange = () => told.sized()
    size.append(make("span", "", "Point size"), this.sizeSlider)
    this.panButton = makeButton("pan", "Pan", "", () => told.mode("pan"))
    this.lassoButton = makeButton("lasso", "Lasso", "", () => told.mode("lasso"))
    this.clearButton = makeButton("clear", "Clear lasso", "", told.clear)
    this.svgButton = makeButton("save svg", "SVG", "Save the map as SVG", told.svg)
    this.node.append(
      size, this.panButton, this.lassoButton, this.clearButton,
      makeButton("zoom-out", "−", "Zoom out", () => told.zoom(1 / 1.4)),
      makeButton("zoom-in", "+", "Zoom in", () => told.zoom(1.4)),
      makeButton("fit", "Fit", "", told.fit),
      makeButton("save png", "PNG", "Save the map as PNG", told.png),
      this.svgButton,
    )
  }

  showMode(mode) {
    this.panButton.setAttribute("aria-pressed", mode === "pan")
    this.lassoButton.setAttribute("aria-pressed", mode === "lasso")
  }

  showSize(size) { this.sizeSlider.value = size }

  offerClear(hasLasso) { this.clearButton.disabled = !hasLasso }

  offerSvg(count) {
    this.svgButton.disabled = count > MAX_SVG_POINTS
    this.svgButton.title = this.svgButton.disabled ? `An SVG holds at most ${MAX_SVG_POINTS.toLocaleString("en")} points and this map has ${count.toLocaleString("en")}: save it as PNG.` : ""
  }
}

// The bar above the token view: play, epoch, threshold, colours, second cue, and the legend of the colours.

const CUES = [["bar", "underline"], ["size", "size"]]
const RANGES = [["fixed", "fixed"], ["own", "this rationale"]]

class TokenToolbar {
  // Of `told`, `play` is the button, `scrub` the epoch and `threshold` the threshold as they move, `choose` a name and
  // value of the choices, and `settled` says that the reader has let a slider go.
  constructor(data, weightName, told) {
    this.data = data
    this.last = data.weights.length - 1
    this.node = make("div", "toolbar")
    this.playButton = makeButton("play", "", "", told.play)
    this.epochSlider = this.slider("Epoch of mask learning", "epoch", 0, this.last, 1)
    this.epochSlider.input.oninput = () => told.scrub(Number(this.epochSlider.input.value))
    const top = data.ranges.fixed[1]
    this.thresholdSlider = this.slider("Threshold", "threshold", 0, top, Math.max(0.01, Number((top / 200).toFixed(2))))
    this.thresholdSlider.input.oninput = () => told.threshold(Number(this.thresholdSlider.input.value))
    for (const { input } of [this.epochSlider, this.thresholdSlider]) input.onchange = () => told.settled()
    if (this.last > 0) this.node.append(this.playButton, this.epochSlider.box)
    this.rangeChoice = this.choice("Colours", "colours", RANGES, told.choose)
    this.cueChoice = this.choice("Second cue", "cue", CUES, told.choose)
    this.node.append(this.thresholdSlider.box, this.rangeChoice.box, this.cueChoice.box, this.buildLegend(weightName))
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

  choice(label, name, options, choose) {
    const box = make("div", "choice " + name)
    box.setAttribute("role", "radiogroup")
    box.setAttribute("aria-label", label)
    const row = make("div", "options")
    const inputs = options.map(([value, text]) => {
      const input = Object.assign(make("input"), { type: "radio", name: `tv-${name}`, value })
      input.onchange = () => choose(name, value)
      const option = make("label", "option")
      option.append(input, make("span", "", text))
      row.append(option)
      return input
    })
    box.append(make("span", "head", label), row)
    return { box, show: value => inputs.forEach(input => { input.checked = input.value === value }) }
  }

  buildLegend(weightName) {
    const legend = make("div", "legend")
    legend.append(make("span", "head", weightName))
    this.ramp = make("div", "ramp")
    this.rampMark = make("div", "ramp-mark")
    this.ramp.append(this.rampMark)
    const ticks = make("div", "ticks")
    this.ticks = [0, 1, 2].map(() => make("span"))
    ticks.append(...this.ticks)
    legend.append(this.ramp, ticks)
    return legend
  }

  setFill(fill) {
    this.ramp.style.background = `linear-gradient(to right, ${fill.filter((_, i) => i % 4 === 0).join(",")})`
  }

  markPlaying(on) {
    this.playing = on
    this.playButton.textContent = on ? "❚❚" : "▶"
    this.playButton.setAttribute("aria-label", on ? "Pause" : "Play through the epochs")
  }

  show({ epoch, threshold, colours, cue }) {
    const { epochs, ranges } = this.data
    const shown = Math.round(epoch)
    if (document.activeElement !== this.epochSlider.input || this.playing) this.epochSlider.input.value = shown
    this.epochSlider.value.textContent = `${epochs[shown]} of ${epochs[this.last]}`
    this.thresholdSlider.input.value = threshold
    this.thresholdSlider.value.textContent = threshold.toFixed(2)
    this.rangeChoice.show(colours)
    this.cueChoice.show(cue)
    const [low, high] = ranges[colours]
    this.ticks.forEach((tick, i) => { tick.textContent = String(Number((low + (i / 2) * (high - low)).toPrecision(2))) })
    this.rampMark.style.left = percent(Math.min(1, Math.max(0, (threshold - low) / (high - low))))
  }

  tickTexts() { return this.ticks.map(tick => tick.textContent) }
}

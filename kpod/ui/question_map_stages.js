// The curriculum on the map: a bar that plays and scrubs the stages; every point fills as its steps become supervised.

const PLAY_MS_PER_STAGE = 1300

class StageBar {
  // `changed` is called whenever the stage moves, `settled` where the reader left it.
  constructor(changed, settled) {
    Object.assign(this, { changed, settled, position: null, stages: [], playing: false, echoes: new Echoes() })
    this.node = make("div", "stages")
    this.playButton = makeButton("play", "▶", "Play the curriculum on the map", () => (this.playing ? this.pause(true) : this.play()))
    const box = make("label", "slider")
    const head = make("span", "head")
    this.value = make("output", "value")
    head.append(make("span", "", "Curriculum, stage t"), this.value)
    this.slider = Object.assign(make("input"), { type: "range", min: 0, step: 1 })
    this.slider.oninput = () => { this.pause(); this.show(Number(this.slider.value)) }
    this.slider.onchange = () => this.tell()
    box.append(head, this.slider)
    this.readings = make("span", "readings")
    this.readings.setAttribute("aria-live", "off")
    this.offButton = makeButton("off", "Stop filling", "", () => { this.pause(); this.show(null); this.tell() })
    this.node.append(this.playButton, box, this.readings, this.offButton)
  }

  load(stages, lengths, counts) {
    Object.assign(this, { stages, lengths, counts, last: stages.length - 1 })
    this.node.hidden = this.last < 0
    this.slider.max = Math.max(0, this.last)
    if (this.last < 0) this.position = null
    else if (this.position !== null) this.position = Math.min(this.last, this.position)
    const scheduled = lengths ?? []
    this.totals = { steps: 0, questions: 0 }
    for (const length of scheduled) { this.totals.steps += length; this.totals.questions += length > 0 }
    this.sums = counts.map(column => {
      let [steps, whole] = [0, 0]
      for (let i = 0; i < column.length; i++) { steps += column[i]; whole += lengths[i] > 0 && column[i] === lengths[i] }
      return { steps, whole }
    })
    this.write()
  }

  // The stage of the address: what this bar told a moment ago comes back and changes nothing.
  receive(stage) {
    if (!this.echoes.isNews(stage) || this.playing) return
    this.position = stage === null ? null : Math.min(stage, this.last)
    this.write()
  }

  // Each point's share of supervised steps now, between two stages in between; null while the bar is off.
  shares() {
    if (this.position === null) return null
    const low = Math.floor(this.position)
    const [a, b, part] = [this.counts[low], this.counts[Math.min(this.last, low + 1)], this.position - low]
    return Float32Array.from(this.lengths, (length, i) => (length ? (a[i] + part * (b[i] - a[i])) / length : NaN))
  }

  play() {
    const calm = prefersCalm()
    const begin = this.position === null || this.position >= this.last ? 0 : this.position
    const start = performance.now()
    this.playing = true
    const tick = now => {
      if (!this.playing) return
      const at = begin + Math.max(0, now - start) / PLAY_MS_PER_STAGE // the first frame can lie before the click
      this.show(Math.min(this.last, calm ? Math.floor(at) : at))
      if (at >= this.last) this.pause(true)
      else this.frame = requestAnimationFrame(tick)
    }
    this.frame = requestAnimationFrame(tick)
  }

  pause(byReader = false) {
    cancelAnimationFrame(this.frame)
    if (!this.playing) return
    this.playing = false
    this.show(Math.round(this.position ?? 0))
    if (byReader) this.tell()
  }

  step(by) {
    if (this.last < 0) return
    this.pause()
    this.show(this.position === null ? (by > 0 ? 0 : this.last) : Math.min(this.last, Math.max(0, Math.round(this.position) + by)))
    this.tell()
  }

  show(position) {
    this.position = position
    this.write()
    this.changed()
  }

  tell() {
    const stage = this.position === null ? null : Math.round(this.position)
    this.echoes.note(stage)
    this.settled(stage)
  }

  write() {
    const isOn = this.position !== null
    const at = isOn ? Math.round(this.position) : 0
    this.slider.value = at
    this.value.textContent = isOn ? `${this.stages[at]} of ${this.stages[this.last]}` : "off"
    this.playButton.textContent = this.playing ? "❚❚" : "▶"
    this.playButton.setAttribute("aria-label", this.playing ? "Pause" : "Play the curriculum on the map")
    this.offButton.hidden = !isOn
    const sums = this.sums?.[at]
    this.readings.textContent = isOn && sums
      ? `${percent(sums.steps / Math.max(1, this.totals.steps))} of the steps supervised, ${percent(sums.whole / Math.max(1, this.totals.questions))} of the rationales whole`
      : "Play it: every point fills as its steps become supervised."
  }
}

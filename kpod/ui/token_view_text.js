// The rationale of the token view: its steps as rows, its units as spans, and where a key leads from one to the next.

const UNIT_NAMES = { token: "tokens", word: "words", step: "steps" }

// The list of steps, and the span of every unit in order.
function rationaleText({ texts, leads, token_steps: tokenSteps, steps, tail, unit }) {
  const list = make("div", "steps")
  list.setAttribute("role", "list")
  const tokens = []
  let line = null
  let step = null
  texts.forEach((text, j) => {
    if (tokenSteps[j] !== step) {
      step = tokenSteps[j]
      line = stepRow(list, steps.find(s => s.step === step) ?? { step, difficulty: null, share: 0 })
    }
    if (leads[j]) { const lead = make("span", "lead"); fillText(lead, leads[j]); line.append(lead) }
    const token = tokenSpan(line, text, "token")
    token.dataset.index = j
    tokens.push(token)
  })
  if (tail && line) { const end = make("span", "lead"); fillText(end, tail); line.append(end) }
  list.tabIndex = 0
  list.setAttribute("aria-label", `Rationale. Left and right move between ${UNIT_NAMES[unit]}, up and down between steps, Enter pins one.`)
  list.classList.add("by-" + unit)
  return { list, tokens }
}

function stepRow(list, step) {
  const row = make("div", "step")
  row.setAttribute("role", "listitem")
  const gutter = make("div", "gutter")
  gutter.append(make("span", "number", String(step.step + 1)))
  if (step.difficulty !== null) {
    const meter = make("span", "meter")
    const fill = make("span", "meter-fill")
    fill.style.width = percent(step.share)
    meter.append(fill)
    gutter.append(meter, make("span", "difficulty", step.difficulty.toFixed(2)))
    gutter.title = `Step ${step.step + 1}: difficulty ${step.difficulty.toFixed(3)} (Eq. 8)`
  }
  const line = make("div", "line")
  row.append(gutter, line)
  list.append(row)
  return line
}

// Where a key leads from a unit (-1: none yet): the next one, the first of the next step, an end; null for other keys.
function unitAfterKey(key, current, steps) {
  const step = steps[Math.max(0, current)]
  if (key === "ArrowRight") return current + 1
  if (key === "ArrowLeft") return current - 1
  if (key === "Home") return 0
  if (key === "End") return steps.length - 1
  if (key === "ArrowDown") return current < 0 ? 0 : Math.max(current, steps.findIndex((each, j) => j > current && each !== step))
  if (key === "ArrowUp") return Math.max(0, steps.indexOf(step) < current ? steps.indexOf(step) : steps.indexOf(steps[current - 1]))
  return null
}

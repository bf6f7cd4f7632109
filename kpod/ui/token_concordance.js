// The concordance: a line an occurrence, the word in the middle, coloured by its weight. A click opens the rationale.

const shownLists = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".kw")
  const theme = isDark(parentElement) ? "dark" : "light"
  const shown = shownLists.get(parentElement)
  if (shown?.key !== data.key || shown?.total !== data.total || shown?.theme !== theme) {
    drawList(root, data, theme)
    shownLists.set(parentElement, { key: data.key, total: data.total, theme })
  }
  const open = row => setTriggerValue("opened", { row: Number(row.dataset.index), key: data.key })
  root.onclick = event => { const row = event.target.closest?.(".row"); if (row) open(row) }
  root.onkeydown = event => {
    const row = event.target.closest?.(".row")
    if (!row) return
    if (event.key === "Enter" || event.key === " ") open(row)
    else if (event.key === "ArrowDown") row.nextElementSibling?.focus()
    else if (event.key === "ArrowUp") row.previousElementSibling?.focus()
    else return
    event.preventDefault()
  }
}

function drawList(root, data, theme) {
  const { fill, ink } = data.scales[theme]
  const list = make("div", "rows")
  list.setAttribute("role", "list")
  data.text.forEach((text, i) => {
    const row = make("div", "row")
    row.dataset.index = i
    row.tabIndex = i ? -1 : 0
    row.setAttribute("role", "listitem")
    row.setAttribute("aria-label", `weight ${data.weight[i].toFixed(2)}; Enter opens the rationale`)
    const left = make("span", "left")
    const inner = make("span", "inner") // laid out from the right: the near words stay in sight
    fillText(inner, data.left[i].replace(/\s+/g, " "))
    left.append(inner)
    const word = make("span", "word")
    fillText(word, text)
    const level = Math.round(Math.min(1, Math.max(0, data.weight[i])) * (fill.length - 1))
    word.style.background = fill[level]
    word.style.color = ink[level]
    const right = make("span", "right")
    fillText(right, data.right[i].replace(/\s+/g, " "))
    const meter = make("span", "meter")
    const bar = make("span", "meter-fill")
    bar.style.width = percent(data.weight[i])
    meter.append(bar)
    const id = make("span", "id")
    fillText(id, data.question[i])
    row.append(left, word, right, meter, make("span", "value", data.weight[i].toFixed(2)))
    row.append(make("span", "value loss", data.nll ? data.nll[i].toFixed(2) : ""), make("span", "value step", String(data.step[i])), id)
    list.append(row)
  })
  const head = make("div", "head")
  for (const [name, text] of [["left", ""], ["word", "occurrence"], ["right", ""], ["meter", "weight"], ["value", ""], ["value loss", data.nll ? "NLL" : ""], ["value step", "step"], ["id", "question"]])
    head.append(make("span", name, text))
  root.replaceChildren(head, list)
}

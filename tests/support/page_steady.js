// Watches parts of a page while it is drawn anew: `start` takes their nodes by name, `result` says what a reader would have
// seen flicker: a part taken out, moved, resized or faded, a placeholder put in, anything that shifted. Frame by frame,
// shadow roots included. A chart may be another node, for Streamlit puts one with another figure in the place of the one
// before; but each frame must show it, drawn, where it was: the nodes around them, and selectors of chart and drawing. An
// expression: an object.
(() => {
  const PLACEHOLDERS = "[data-testid=stSpinner], [data-testid=stSkeleton], [data-testid=stAppSkeleton]"
  const SLACK = 1 // pixels, and the share of opacity in hundredths
  const found = new Set()
  const parts = [], charts = []
  let frames = 0
  let shifts

  const roots = root => [root, ...[...root.querySelectorAll("*")].flatMap(node => (node.shadowRoot ? roots(node.shadowRoot) : []))]
  const parentOf = node => node.parentElement ?? node.getRootNode().host ?? null
  const box = node => { const { x, y, width, height } = node.getBoundingClientRect(); return [x, y, width, height] }
  const opacity = node => { let share = 1; for (let each = node; each; each = parentOf(each)) share *= getComputedStyle(each).opacity; return share }
  const holds = (outer, node) => { for (let each = node; each; each = parentOf(each)) if (each === outer) return true; return false }
  const name = node => node?.nodeType === 1 ? `${node.tagName.toLowerCase()}.${[...node.classList].join(".")} "${node.textContent.trim().slice(0, 40)}"` : String(node?.textContent)

  const onChange = records => {
    for (const { addedNodes, removedNodes } of records) {
      for (const node of removedNodes) for (const part of parts) if (holds(node, part.node) || node.contains(part.node)) found.add(`${part.selector} was taken out`)
      for (const node of addedNodes) if (node.nodeType === 1 && (node.matches(PLACEHOLDERS) || node.querySelector(PLACEHOLDERS))) found.add("a placeholder was put in")
    }
  }
  const onShift = list => {
    for (const { sources } of list.getEntries())
      for (const { node, previousRect: a, currentRect: b } of sources) found.add(`shifted from ${a.x},${a.y} ${a.width}x${a.height} to ${b.x},${b.y} ${b.width}x${b.height}: ${name(node)}`)
  }
  const compare = (selector, node, before) => {
    const now = box(node)
    if (now.some((value, i) => Math.abs(value - before.box[i]) > SLACK)) found.add(`${selector} went from ${before.box.map(Math.round)} to ${now.map(Math.round)}`)
    if (opacity(node) < before.opacity - SLACK / 100) found.add(`${selector} faded`)
  }
  const onFrame = () => {
    frames++
    for (const part of parts) {
      if (!part.node.isConnected) { found.add(`${part.selector} was taken out`); continue }
      compare(part.selector, part.node, part)
    }
    for (const chart of charts) {
      const node = [...chart.around.querySelectorAll(chart.chart)].find(each => each.querySelector(chart.drawn)?.getClientRects().length)
      if (node) compare(chart.chart, node, chart)
      else found.add(`${chart.drawn} was not there`)
    }
    requestAnimationFrame(onFrame)
  }

  return {
    start(nodes, drawn) {
      const looks = node => ({ box: box(node), opacity: opacity(node) })
      for (const [selector, node] of Object.entries(nodes)) parts.push({ selector, node, ...looks(node) })
      for (const each of drawn) charts.push({ ...each, ...looks(each.around.querySelector(each.chart)) })
      const observer = new MutationObserver(onChange)
      for (const root of roots(document)) observer.observe(root, { childList: true, subtree: true })
      shifts = new PerformanceObserver(onShift)
      shifts.observe({ type: "layout-shift" })
      requestAnimationFrame(onFrame)
    },
    async look(atLeast) { while (frames < atLeast) await new Promise(requestAnimationFrame) },
    result() {
      onShift({ getEntries: () => shifts.takeRecords() })
      return { found: [...found], frames }
    },
  }
})()

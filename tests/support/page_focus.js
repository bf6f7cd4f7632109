// Follows the focus as Tab moves it: `start` lists the controls of the page, shadow roots included; `step`, after every
// Tab, is false where the focus left the page or came round; `result` names what was not reached, and what has the same
// look with the focus as without it. An expression: an object.
(() => {
  const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex]"
  const CLOSE = 8 // boxes around a control that may carry its mark
  const parentOf = node => node.parentElement ?? node.getRootNode().host ?? null
  const controls = new Set(), reached = new Map(), unmarked = []
  let last = null

  const walk = (root, act) => {
    act(root)
    for (const node of root.querySelectorAll("*")) if (node.shadowRoot) walk(node.shadowRoot, act)
  }
  // Of a group of radio buttons Tab reaches one, which is the group's affair, the arrows the others; so it is within a
  // table with its cells.
  const isStop = node =>
    node.tabIndex >= 0 && !node.matches(":disabled, [aria-disabled=true], [type=hidden], [role=radio]") && !node.closest("[inert]") &&
    node.checkVisibility({ checkVisibilityCSS: true }) && node.getClientRects().length > 0 &&
    !(node.matches("[type=radio]:not(:checked)") && node.getRootNode().querySelector(`[type=radio][name="${CSS.escape(node.name)}"]:checked`))
  const name = node => {
    const text = node.getAttribute("aria-label") || node.labels?.[0]?.textContent || node.textContent || node.className
    let key = ""
    for (let each = node; each && !key; each = parentOf(each)) key = [...each.classList].find(own => own.startsWith("st-key-")) ?? ""
    return `${node.tagName.toLowerCase()} "${String(text).trim().slice(0, 40)}" ${key}`
  }
  const look = node => {
    const around = [node, ...(node.parentNode?.children ?? [])]
    for (let each = node, i = 0; each && i < CLOSE; each = parentOf(each), i++) around.push(each)
    return around.map(each => ["", "::before", "::after"].map(part => {
      const style = getComputedStyle(each, part)
      const outline = style.outlineStyle === "none" ? "" : style.outlineWidth + style.outlineColor
      return outline + style.boxShadow + style.borderColor + style.backgroundColor
    }).join()).join()
  }
  // A table is a canvas that keeps its cells inside for screen readers, and moves the focus between them and itself; a
  // long one is in a frame that scrolls, which is a stop as well. What is marked is the table.
  const tableOf = node => node.closest("[data-testid=stDataFrameResizable]")
  const leave = () => {
    if (last && last.node.isConnected && look(last.node) === last.look) unmarked.push(name(last.node))
    last = null
  }

  return {
    start() {
      const still = new CSSStyleSheet()
      still.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important }")
      walk(document, root => {
        root.adoptedStyleSheets = [...root.adoptedStyleSheets, still]
        for (const node of root.querySelectorAll(CONTROLS)) if (isStop(node)) controls.add(node)
      })
    },
    step() {
      let node = document.activeElement
      while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement
      if (node && last && (tableOf(node) ?? node) === (tableOf(last.node) ?? last.node)) { reached.set(node, name(node)); return true } // from cell to cell
      leave()
      if (!node || node === document.body || reached.has(node)) return false
      reached.set(node, name(node))
      last = { node, look: look(node) }
      return true
    },
    result() {
      document.activeElement?.blur()
      leave()
      const missed = [...controls].filter(node => node.isConnected && !reached.has(node)).map(name)
      return { reached: reached.size, missed, unmarked }
    },
  }
})()

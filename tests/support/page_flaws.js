// What a reader of the page would see cut off, lying on one another, outside of the window or too faint; shadow roots
// included, and figures, but no text painted on a canvas. An expression: a function to call. A table's text is a canvas.
() => {
  const SLACK = 2 // pixels that count for nothing
  const LEAST_CONTRAST = 4.5, LEAST_CONTRAST_LARGE = 3 // WCAG 2, level AA; signs without letters are graphics
  const parentOf = node => node.parentElement ?? node.assignedSlot ?? node.getRootNode().host ?? null
  const styles = new Map()
  const styleOf = node => styles.get(node) ?? styles.set(node, getComputedStyle(node)).get(node)
  const ancestors = node => {
    const line = []
    for (let each = node; each; each = parentOf(each)) line.push(each)
    return line
  }
  const within = (node, selector) => ancestors(node).some(each => each.matches(selector))

  const brush = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true })
  const colours = new Map()
  const colourOf = text => {
    if (!colours.has(text)) {
      brush.clearRect(0, 0, 1, 1)
      brush.fillStyle = text
      brush.fillRect(0, 0, 1, 1)
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data
      colours.set(text, [r, g, b, a / 255])
    }
    return colours.get(text)
  }
  const over = (front, back) => [...[0, 1, 2].map(i => front[i] * front[3] + back[i] * (1 - front[3])), 1]
  const luminance = colour => {
    const [r, g, b] = colour.slice(0, 3).map(part => ((part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
    return (high + 0.05) / (low + 0.05)
  }
  const covers = (edge, box) =>
    edge.left < box.right - SLACK && edge.right > box.left + SLACK && edge.top < box.bottom - SLACK && edge.bottom > box.top + SLACK
  const page = colourOf(getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor)
  // Of the ancestors that lie behind the box; null where one of them has a picture.
  const backgroundOf = (node, box) => {
    const layers = []
    for (const each of ancestors(node)) {
      const style = styleOf(each)
      if (style.overflow === "visible" && !covers(each.getBoundingClientRect(), box)) continue // a scroller has all inside
      if (style.backgroundImage !== "none") return null
      const colour = colourOf(style.backgroundColor)
      layers.push(colour)
      if (colour[3] === 1) break
    }
    return layers.reverse().reduce((back, front) => over(front, back), page)
  }

  // A text's box as it is seen: without what an ancestor hides, and whether one hides a part that cannot be had otherwise.
  const seen = (node, box) => {
    let { left, top, right, bottom } = box
    let cutBy = null
    for (const each of ancestors(node)) {
      const style = styleOf(each)
      if (style.position === "fixed") break
      const isX = style.overflowX !== "visible", isY = style.overflowY !== "visible"
      if (!isX && !isY) continue
      const edge = each.getBoundingClientRect()
      const cutX = isX && (left < edge.left - SLACK || right > edge.right + SLACK)
      const cutY = isY && (top < edge.top - SLACK || bottom > edge.bottom + SLACK)
      if (isX) (left = Math.max(left, edge.left)), (right = Math.min(right, edge.right))
      if (isY) (top = Math.max(top, edge.top)), (bottom = Math.min(bottom, edge.bottom))
      const hides = (cutX && /hidden|clip/.test(style.overflowX)) || (cutY && /hidden|clip/.test(style.overflowY))
      // An ellipsis or a clamp says that there is more; a title, or what a pointer opens, says what.
      const isSaid = (style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none") && within(node, "[title], button, [role=combobox]")
      if (hides && !isSaid) cutBy ??= each
      if (/auto|scroll/.test(style.overflowX + style.overflowY) && (cutX || cutY)) break // the rest is a scroll away
    }
    return { left, top, right, bottom, cutBy }
  }

  const texts = []
  const fields = []
  const walk = root => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) {
        if (node.data.trim()) texts.push(node)
      } else {
        if (node.matches("input, textarea")) fields.push(node)
        if (node.shadowRoot) walk(node.shadowRoot)
      }
    }
  }
  walk(document.querySelector("[data-testid=stApp]"))
  const SHOWN = { checkOpacity: true, checkVisibilityCSS: true }
  const HIDDEN = "style, script, title, desc, option, noscript, [aria-hidden=true]:not(svg):not(svg *):not(.kp-verdict), [data-testid=stTooltipContent]"
  const isDisabled = node => within(node, ":disabled, [aria-disabled=true], [data-disabled=true]")
  const name = (node, text) => `"${text.trim().slice(0, 40)}" in ${node.tagName.toLowerCase()}.${node.getAttribute("class") ?? ""}`
  const flaws = []
  const boxes = []

  for (const text of texts) {
    const node = text.parentElement ?? text.getRootNode().host
    if (!node.checkVisibility(SHOWN) || within(node, HIDDEN)) continue
    const style = styleOf(node)
    const range = document.createRange()
    range.selectNodeContents(text)
    for (const rect of range.getClientRects()) {
      if (rect.width < 1 || rect.height < 1) continue
      const box = seen(node, rect)
      if (box.right - box.left < 1 || box.bottom - box.top < 1) {
        if (box.cutBy && box.cutBy.clientWidth > 1) flaws.push(`hidden: ${name(node, text.data)} by ${name(box.cutBy, "")}`)
        continue // what is one pixel large is for screen readers
      }
      if (box.cutBy && box.cutBy.clientWidth <= 1) continue
      if (box.cutBy) flaws.push(`cut off: ${name(node, text.data)} by ${name(box.cutBy, "")}`)
      if (box.left < -SLACK || box.right > innerWidth + SLACK) flaws.push(`outside of the window: ${name(node, text.data)}`)
      const high = (box.bottom - box.top) * 0.2 // fonts leave as much empty above and below their letters
      boxes.push({ node, text, left: box.left, right: box.right, top: box.top + high, bottom: box.bottom - high })
    }
    if (isDisabled(node)) continue
    const place = range.getBoundingClientRect()
    const behind = backgroundOf(node, place)
    if (!behind) continue
    const bar = node.closest(".point")?.querySelector("path") // of a figure: its text lies on it, and is not in it
    const isOnBar = bar && covers(bar.getBoundingClientRect(), place)
    const back = isOnBar ? over(colourOf(styleOf(bar).fill), behind) : behind
    const isFigure = node instanceof SVGElement
    const paint = colourOf(isFigure ? style.fill : style.color)
    const opacity = ancestors(node).reduce((all, each) => all * styleOf(each).opacity, isFigure ? style.fillOpacity : 1)
    const ratio = contrast(over([...paint.slice(0, 3), paint[3] * opacity], back), back)
    const size = parseFloat(style.fontSize)
    const isLarge = size >= 24 || !/[\p{L}\p{N}]/u.test(text.data) || (size >= 18.66 && style.fontWeight >= 700)
    if (ratio < (isLarge ? LEAST_CONTRAST_LARGE : LEAST_CONTRAST)) flaws.push(`faint: ${name(node, text.data)}, contrast ${ratio.toFixed(2)}`)
  }

  boxes.sort((a, b) => a.left - b.left)
  boxes.forEach((a, i) => {
    for (let j = i + 1; j < boxes.length && boxes[j].left < a.right - SLACK; j++) {
      const b = boxes[j]
      if (a.text === b.text) continue
      const wide = Math.min(a.right, b.right) - b.left, high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
      if (wide > SLACK && high > SLACK) flaws.push(`overlap: ${name(a.node, a.text.data)} and ${name(b.node, b.text.data)}`)
    }
  })

  for (const field of fields) {
    if (!field.checkVisibility(SHOWN) || field.clientWidth < 8) continue
    if (field.scrollWidth > field.clientWidth + SLACK && styleOf(field).textOverflow !== "ellipsis")
      flaws.push(`cut off: ${name(field, field.value || field.placeholder)}`)
  }
  return [...new Set(flaws)]
}

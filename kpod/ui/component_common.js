// What the components share: nodes with text that is never markup, the theme, numbers, files to save.

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/
const SVG = "http://www.w3.org/2000/svg"

function make(tag, className, text) {
  const node = document.createElement(tag)
  if (className) node.className = className
  if (text !== undefined) node.textContent = text
  return node
}

// What a component told the server and has not heard back of. Answers keep the order of what was told, and where several
// tellings are answered at once the earlier ones have none of their own; one whose script was stopped may never have any.
const ECHO_MS = 10_000

class Echoes {
  constructor() { this.waiting = []; this.received = undefined }

  note(value, now = performance.now()) { this.waiting.push({ value, until: now + ECHO_MS }) }

  // Whether an answer says something new: not what was told a moment ago (the reader may have gone on since), nor what
  // came already. Real news makes every later answer news: then the component follows the server to its last word.
  isNews(value, now = performance.now()) {
    this.waiting = this.waiting.filter(each => now < each.until)
    const at = this.waiting.findLastIndex(each => each.value === value)
    const again = value === this.received
    this.received = value
    if (at >= 0) this.waiting.splice(0, at + 1)
    else if (!again) this.waiting = []
    return at < 0 && !again
  }
}

function makeButton(className, text, label, onClick) {
  const button = make("button", className, text)
  button.type = "button"
  if (label) button.setAttribute("aria-label", label)
  button.onclick = onClick
  return button
}

function shape(tag, attributes, parent) {
  const node = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  parent?.append(node)
  return node
}

// A text with what is invisible shown as chips; line ends as a quiet mark.
function fillText(node, text) {
  let plain = ""
  const flush = () => { if (plain) node.append(plain); plain = "" }
  for (const character of text) {
    if (character === "\n") { flush(); node.append(make("span", "mark", "⏎")) }
    else if (HIDDEN.test(character)) {
      flush()
      node.append(make("span", "chip", "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")))
    } else plain += character
  }
  flush()
}

// A token's text on a span: its leading white space stays outside, so that colours hug what is visible.
function tokenSpan(line, text, className) {
  const token = make("span", className)
  if (text === "") { token.textContent = "▏"; token.classList.add("shared") }
  else {
    const space = text.trim() === "" ? "" : text.slice(0, text.length - text.trimStart().length)
    if (space) { const gap = make("span", "lead"); fillText(gap, space); line.append(gap) }
    fillText(token, text.slice(space.length))
  }
  line.append(token)
  return token
}

function quotedText(text) {
  const node = make("span", "quoted")
  fillText(node, text.trim() || text.replaceAll(" ", "␣") || "shares a character")
  return node
}

function isDark(root) {
  const [r, g, b] = plainColour(getComputedStyle(root.host ?? root).getPropertyValue("--st-background-color").trim() || "#ffffff")
  return 0.299 * r + 0.587 * g + 0.114 * b < 128
}

// Any colour of CSS as red, green, blue (0 to 255) and opacity: drawn, and read back.
let probe
function plainColour(css) {
  probe ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true })
  probe.clearRect(0, 0, 1, 1)
  probe.fillStyle = css
  probe.fillRect(0, 0, 1, 1)
  const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data
  return [r, g, b, a / 255]
}

const percent = value => (100 * value).toFixed(0) + "%"
const prefersCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches

function saveFile(name, content, type) {
  const link = make("a")
  link.href = URL.createObjectURL(new Blob([content], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

// A picture of an SVG, twice as fine as the screen; no server, no network.
function savePng(name, svg) {
  const { width, height } = svg.viewBox.baseVal
  const image = new Image()
  image.onload = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height })
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height)
    canvas.toBlob(blob => saveFile(name, blob, "image/png"))
  }
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(svg))
}

function saveSvg(name, svg) { saveFile(name, new XMLSerializer().serializeToString(svg), "image/svg+xml") }

// Rows of values as CSV (RFC 4180): a value with a comma, a quote or a line end stands in quotes.
function csvText(rows) {
  const cell = value => /[",\r\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? "")
  return rows.map(row => row.map(cell).join(",")).join("\r\n") + "\r\n"
}

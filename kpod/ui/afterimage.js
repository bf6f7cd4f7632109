// A figure that is drawn anew every second must not blink. Streamlit takes a Plotly figure with other data for another
// one: it empties the old one, puts a new one in its place, and Plotly draws that a frame or more later. Until then a
// copy of the old one, made when that had been drawn, stands there.

const LONGEST_MS = 1500 // a figure that is not drawn by then never will be

export default function ({ parentElement }) {
  const page = parentElement.ownerDocument
  const images = new Map() // by the key of the figure
  const remember = place => whenDrawn(place, () => images.set(keyOf(place), place.querySelector(FIGURE).cloneNode(true)))
  const watch = new MutationObserver(records => {
    const places = new Set()
    for (const { addedNodes } of records)
      for (const node of addedNodes) if (node.nodeType === 1) for (const place of placesIn(node)) places.add(place)
    for (const place of places) {
      const image = images.get(keyOf(place))
      if (image && !isDrawn(place)) show(image, place)
      remember(place)
    }
  })
  watch.observe(page.body, { childList: true, subtree: true })
  placesIn(page.body).forEach(remember)
  return () => watch.disconnect()
}

const PLACE = ".stElementContainer.stPrintGraphic[class*=st-key-]" // as Streamlit marks the element around a figure
const CHART = ".stPlotlyChart"
const FIGURE = ".js-plotly-plot:not(.kp-afterimage)"

// The places that a node, new in the page, is, holds or, as the chart itself, fills.
function placesIn(node) {
  const place = node.matches(`${PLACE}, ${PLACE} ${CHART}, ${PLACE} :has(${CHART})`) ? node.closest(PLACE) : null
  return place ? [place] : [...node.querySelectorAll(PLACE)]
}

function keyOf(place) { return [...place.classList].find(name => name.startsWith("st-key-")) }

// Streamlit hides a new figure until it has measured its place.
function isDrawn(place) { return Boolean(place.querySelector(`${FIGURE} .trace path`)?.getClientRects().length) }

function show(image, place) {
  image.classList.add("kp-afterimage")
  image.setAttribute("aria-hidden", "true")
  place.append(image)
  const drop = () => { if (image.parentNode === place) image.remove() } // a newer figure may have it by now
  whenDrawn(place, drop, drop)
}

function whenDrawn(place, act, giveUp = () => {}) {
  const end = performance.now() + LONGEST_MS
  const look = () => {
    if (isDrawn(place)) act()
    else if (place.isConnected && performance.now() < end) requestAnimationFrame(look)
    else giveUp()
  }
  look()
}

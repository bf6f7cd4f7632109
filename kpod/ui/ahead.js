// Loads what other pages need of the front end's scripts while the reader does nothing: the one that draws figures takes
// a second to load and to run, which the first page with a figure else waits for.

const QUIET_MS = 1500 // since the page was drawn, or a key or the pointer was last used
let begun = false

export default function ({ data }) {
  if (begun) return
  begun = true
  const shell = document.querySelector('script[type="module"][src*="/static/js/"]')
  if (!shell) return
  const load = () => data.scripts.forEach(name => import(new URL(name, shell.src).href).catch(() => {}))
  let timer
  const events = ["pointerdown", "pointermove", "keydown", "wheel"]
  const wait = () => { clearTimeout(timer); timer = setTimeout(() => { events.forEach(name => removeEventListener(name, wait)); load() }, QUIET_MS) }
  events.forEach(name => addEventListener(name, wait, { passive: true }))
  wait()
}

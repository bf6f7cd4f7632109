// What the threshold holds, beside the token view: of tokens, of the loss, of numbers and of operators.

const COVERAGE = [["tokens", "of tokens"], ["loss", "of the loss"], ["numbers", "of numbers"], ["operator", "of operators"]]
const NUMBERS_HINT = "A number counts where all its digits weigh at least as much."

class Coverage {
  constructor(data) {
    this.data = data
    this.title = make("div", "title")
    this.nodes = [this.title]
    this.rows = {}
    for (const [name, label] of COVERAGE) {
      const row = make("div", "cover " + name)
      const value = make("span", "value")
      const meter = make("span", "meter")
      const fill = make("span", "meter-fill")
      meter.append(fill)
      row.append(make("span", "name", label), meter, value)
      this.nodes.push(row)
      this.rows[name] = { row, value, fill }
    }
    this.rows.numbers.row.title = NUMBERS_HINT
  }

  // `current` are the weights of all units now.
  show(current, threshold) {
    this.title.textContent = `Weight at least ${threshold.toFixed(2)} holds`
    const { counts, numbers, operators, nll } = this.data
    const whole = numbers.filter(units => units.every(j => current[j] >= threshold))
    const sums = { tokens: [0, 0], loss: [0, 0], numbers: [whole.length, numbers.length], operator: [0, 0] }
    const add = (name, amount, inside) => { sums[name][0] += inside ? amount : 0; sums[name][1] += amount }
    current.forEach((w, j) => {
      const inside = w >= threshold
      add("tokens", counts[j], inside)
      add("operator", operators[j], inside)
      if (nll) add("loss", nll[j], inside)
    })
    for (const [name] of COVERAGE) {
      const [part, whole] = sums[name]
      const { row, value, fill } = this.rows[name]
      row.hidden = whole === 0
      value.textContent = whole ? percent(part / whole) : ""
      fill.style.width = whole ? percent(part / whole) : "0"
    }
  }
}

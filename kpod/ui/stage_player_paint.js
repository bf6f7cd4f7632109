// The matrix and the strip of budgets below it, painted by a brush of stage_player_brushes.js: one picture for the screen
// and for a file.

const STRIP_HEIGHT = 96
const [LEFT, RIGHT, TOP, GAP, BOTTOM] = [46, 10, 6, 26, 24] // around the matrix; between it and the strip; below the strip

function paintPlayer(player, brush, width) {
  const { cells, stages } = player.data
  if (!cells.length) return
  const size = player.cell(0, 0, width)
  const floor = TOP + player.matrixHeight
  for (let column = 0; column <= player.last; column++) {
    const told = player.told(column)
    cells.forEach((row, i) => { if (row[column] !== null) paintCell(player, brush, width, i, column, told) })
    const middle = LEFT + (column + 0.5) * size.width
    if (column % Math.ceil((player.last + 1) / 20) === 0 || column === player.last)
      brush.text(String(stages[column]), middle, floor + 16, player.ink, told, "center")
  }
  brush.text(player.kind.unit, LEFT - 8, floor + 16, player.ink, 0.66, "right")
  const now = LEFT + Math.min(player.last, player.stage) * size.width
  brush.frame(now, TOP - 3, size.width, player.matrixHeight + 6, player.ink, 1.5)
  const outline = ({ y, height }, strength) => brush.frame(LEFT - 1, y - 1, width - LEFT - RIGHT + 2, Math.max(height + 1, 3), player.ink, strength)
  if (player.row !== null) outline(player.cell(player.row, 0, width), 1)
  const chosen = player.chosenFrame()
  if (chosen) {
    outline(chosen, 2.5)
    brush.text("▸", LEFT - 6, chosen.y + chosen.height / 2 + 4, player.ink, 1, "right")
  }
  paintStrip(player, brush, width, size.width)
}

function paintCell(player, brush, width, row, column, told) {
  const { x, y, width: w, height } = player.cell(row, column, width)
  const gap = height > 5 ? 1 : 0
  const [from, to] = [Math.round(y), Math.round(y + height)] // whole pixels: no hairlines between rows
  const drawn = player.kind.whole(player.data, row, column) ? w - 2 : NARROW * w
  const colour = player.rampColour(player.kind.share(player.data, player.data.cells[row][column]))
  brush.rect(x + (w - drawn) / 2, from, drawn, to - from - gap, colour, told)
}

function paintStrip(player, brush, width, columnWidth) {
  const { supervised, budget, colours } = player.data
  const floor = TOP + player.matrixHeight + GAP + STRIP_HEIGHT
  const y = share => floor - share * (STRIP_HEIGHT - 8)
  for (const share of [0, 0.5, 1]) {
    brush.line([[LEFT, y(share)], [width - RIGHT, y(share)]], player.ink, 1, 0.14)
    brush.text(percent(share), LEFT - 6, y(share) + 4, player.ink, 0.66, "right")
  }
  const middle = column => LEFT + (column + 0.5) * columnWidth
  supervised.forEach((share, column) => {
    const half = Math.min(26, columnWidth * 0.3)
    brush.rect(middle(column) - half, y(share), 2 * half, floor - y(share), colours.supervised, 0.85 * player.told(column))
  })
  brush.line(budget.map((share, column) => [middle(column), y(share)]), colours.budget, 2.5, 1, [6, 4])
  budget.forEach((share, column) => brush.diamond(middle(column), y(share), 4.5, colours.budget, player.paper))
  brush.text("H and D as shares of all difficulty B", LEFT, floor + 17, player.ink, 0.66, "left")
}

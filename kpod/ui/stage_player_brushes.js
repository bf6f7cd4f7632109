// What the matrix is painted with: one brush for the screen's canvas, one for a file's SVG, of the same strokes.

function canvasBrush(pen, font) {
  return {
    rect(x, y, width, height, fill, alpha) { pen.globalAlpha = alpha; pen.fillStyle = fill; pen.fillRect(x, y, width, height) },
    frame(x, y, width, height, stroke, size) { pen.globalAlpha = 1; pen.strokeStyle = stroke; pen.lineWidth = size; pen.setLineDash([]); pen.strokeRect(x, y, width, height) },
    line(points, stroke, size, alpha, dash = []) {
      Object.assign(pen, { globalAlpha: alpha, strokeStyle: stroke, lineWidth: size })
      pen.setLineDash(dash)
      pen.beginPath()
      points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)))
      pen.stroke()
    },
    diamond(x, y, size, stroke, fill) {
      Object.assign(pen, { globalAlpha: 1, strokeStyle: stroke, fillStyle: fill, lineWidth: 2 })
      pen.setLineDash([])
      pen.beginPath()
      for (const [dx, dy] of [[0, -size], [size, 0], [0, size], [-size, 0]]) pen.lineTo(x + dx, y + dy)
      pen.closePath()
      pen.fill()
      pen.stroke()
    },
    text(text, x, y, fill, alpha, align) { Object.assign(pen, { globalAlpha: alpha, fillStyle: fill, textAlign: align, font: `12px ${font}` }); pen.fillText(text, x, y) },
  }
}

function svgBrush(svg) {
  const round = value => Number(value.toFixed(2))
  return {
    rect(x, y, width, height, fill, opacity) { shape("rect", { x: round(x), y: round(y), width: round(width), height: round(height), fill, opacity: round(opacity) }, svg) },
    frame(x, y, width, height, stroke, size) { shape("rect", { x: round(x), y: round(y), width: round(width), height: round(height), fill: "none", stroke, "stroke-width": size }, svg) },
    line(points, stroke, size, opacity, dash = []) {
      shape("polyline", { points: points.map(point => point.map(round).join(",")).join(" "), fill: "none", stroke, "stroke-width": size, opacity, "stroke-dasharray": dash.join(" ") }, svg)
    },
    diamond(x, y, size, stroke, fill) { shape("path", { d: `M${round(x)} ${round(y - size)}l${size} ${size}l${-size} ${size}l${-size} ${-size}z`, stroke, fill, "stroke-width": 2 }, svg) },
    text(text, x, y, fill, opacity, align) {
      const anchor = { left: "start", center: "middle", right: "end" }[align]
      shape("text", { x: round(x), y: round(y), fill, opacity: round(opacity), "text-anchor": anchor, "font-size": 12 }, svg).textContent = text
    },
  }
}

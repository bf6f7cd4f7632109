// What the cells of the matrix say: how many steps of a question are still input, or how hard one step still is.
// `share` is a cell's place on the colour scale; a cell that is not `whole` is drawn as a narrow bar in its column.

const NARROW = 0.34 // of a column's width

const STEPS_STILL_INPUT = {
  unit: "stage",
  head: "Stage t",
  file: "curriculum",
  description: "Questions by stage, coloured by the steps that are still input.",
  height: () => 400,
  start: 0,
  scale: data => ["input steps: 0", String(data.most)],
  marks: [],
  share: (data, value) => value / data.most,
  whole: () => true,
  facts(data, row, column) {
    const [given, length] = [data.cells[row][column], data.lengths[row]]
    return `stage ${data.stages[column]}: ${given} of ${length} steps still input, ${length - given} supervised`
  },
  csv: data => [
    ["question", "steps", ...data.stages.map(t => `input_steps_stage_${t}`)],
    ...data.questions.map((question, row) => [question, data.lengths[row], ...data.cells[row]]),
  ],
}

const STEP_DIFFICULTY = {
  unit: "epoch",
  head: "Epoch (0: before)",
  file: "difficulty",
  description: "Steps by epoch of distillation, coloured by difficulty; a step that is still input is a narrow bar.",
  height: data => Math.min(600, Math.max(400, Math.round(2.5 * data.cells.length))),
  start: 0.16, // the palest colours would be lost on the page, and with them how wide a bar is
  scale: data => ["difficulty d in nats: 0", `${data.most} and more`],
  marks: [["wide", "supervised"], ["narrow", "still input"]],
  share: (data, value) => Math.min(1, value / data.most),
  whole: (data, row, column) => column >= data.since[row],
  facts(data, row, column) {
    const value = data.cells[row][column]
    const difficulty = value === null ? "not recorded" : `d = ${value.toFixed(3)} nats`
    const state = this.whole(data, row, column) ? "supervised" : "still input"
    return `step ${data.places[row] + 1} of ${data.lengths[row]}, epoch ${data.stages[column]}: ${difficulty}, ${state}`
  },
  csv: data => [
    ["question", "step", "supervised_from_epoch", ...data.stages.map(t => `difficulty_epoch_${t}`)],
    ...data.questions.map((question, row) => [question, data.places[row] + 1, data.stages[data.since[row]] ?? "", ...data.cells[row]]),
  ],
}

// Where the rows stand: `tops` from the matrix's upper edge, all `size` high; rows of one question touch, those of
// different questions are a pixel apart where several rows belong together and there is room for it.
function rowPlaces(questions, height) {
  const starts = questions.map((question, row) => row > 0 && question !== questions[row - 1])
  const blocks = starts.filter(Boolean).length
  const gap = blocks < questions.length - 1 && blocks < height / 4 ? 1 : 0
  const size = (height - gap * blocks) / Math.max(1, questions.length)
  let gaps = 0
  return { size, tops: questions.map((_, row) => { if (starts[row]) gaps += gap; return row * size + gaps }) }
}

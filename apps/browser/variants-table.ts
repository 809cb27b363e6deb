import type { ScoredVariant } from 'genoconv'
import type { Mark } from './track-view.ts'
import { shownPosition, skipWords } from './texts.ts'

const effectWords = ['acceptor +', 'acceptor −', 'donor +', 'donor −']
/** Smaller effects are not marked in the tracks. */
const leastMarked = 0.1

/** Puts a scored variant on top of the table: a row a strand. */
export function showScores(table: HTMLTableElement, { variant, scores, skipped }: ScoredVariant): void {
  const name = `${shownPosition(variant.position)} ${variant.ref}>${variant.alts.join()}`
  const rows: HTMLTableRowElement[] = []
  for (const { strand, effects } of scores) {
    const row = document.createElement('tr')
    for (const text of [name, strand === '-' ? '−' : '+']) row.insertCell().textContent = text
    for (let k = 0; k < 4; k++) {
      const cell = row.insertCell()
      cell.textContent = effects
        ? `${effects.scores[k].toFixed(2)} at ${shownPosition(variant.position + effects.offsets[k])}`
        : '–'
    }
    rows.push(row)
  }
  for (const { reason } of skipped) {
    const row = document.createElement('tr')
    row.insertCell().textContent = name
    const cell = row.insertCell()
    cell.colSpan = 5
    cell.textContent = `no score: ${skipWords[reason] ?? reason}`
    rows.push(row)
  }
  table.tBodies[0].prepend(...rows)
  table.hidden = false
}

/** The variant, and where it changes something, for the tracks. */
export function marksOf({ variant, scores }: ScoredVariant): Mark[] {
  const marks: Mark[] = [{ position: variant.position, text: `${variant.ref}>${variant.alts.join()}` }]
  for (const { effects } of scores)
    effects?.scores.forEach((score, k) => {
      const position = variant.position + effects.offsets[k]
      if (score >= leastMarked && marks.every((mark) => mark.position !== position))
        marks.push({ position, text: `${effectWords[k]}${score.toFixed(2)}` })
    })
  return marks
}

import type { Contig } from 'genoconv'
import { Compute, Stopped } from './compute.ts'
import { onChoose, onDrop, save, sortFiles } from './inputs.ts'
import type { Engine, Event, Source, Span } from './messages.ts'
import { ShownPrediction } from './shown-prediction.ts'
import { SitesTable } from './sites-table.ts'
import { parseVariant, pastedFile, regionText, shownPosition } from './texts.ts'
import { TrackView } from './track-view.ts'
import { marksOf, showScores } from './variants-table.ts'

/** Records up to this are predicted as soon as they are there; of longer ones a region is chosen first. */
const atOnceBases = 500_000
/** What a region is at first. */
const firstBases = 100_000
const mostBases = 20_000_000

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T
}
const [region, strand, device] = ['region', 'strand', 'device'].map((id) => element<HTMLInputElement>(id))
const page = document.documentElement
const compute = new Compute(new URL('worker.js', import.meta.url))

let ids = 0
let source: Source | undefined
let contigs: readonly Contig[] = []
let model: Engine['model']
let shown: ShownPrediction | undefined
let metadata: ReadonlyMap<string, string> = new Map()

const view = new TrackView(
  element<HTMLCanvasElement>('tracks'),
  (start, end) => {
    element('shown').textContent = regionText({ contig: shown!.span.contig, start, end })
  },
  (position) => {
    if (!shown || position === undefined || position >= shown.span.start + shown.done) return
    const values = [...shown.signals].map(
      ([name, signal]) =>
        `${name.replaceAll('_', ' ')} ${Number(signal.values[position - shown!.span.start].toPrecision(6))}`,
    )
    element('readout').textContent =
      `${shown.span.contig}:${shownPosition(position)} ${shown.base(position)} · ${values.join(' · ')}`
  },
)
const sites = new SitesTable(
  element<HTMLTableElement>('sites'),
  element<HTMLInputElement>('least'),
  element('sites-count'),
  ({ position }) => view.lookAt(position),
)

/** Runs what a control asks for; errors are shown where people look. */
async function during(action: () => Promise<void>): Promise<void> {
  if (compute.isBusy) compute.stop()
  await Promise.resolve() // what was stopped says so first
  element('problem').hidden = true
  setBusy(true)
  try {
    await action()
  } catch (error) {
    if (error instanceof Stopped) {
      if (!compute.isBusy) say('Stopped.')
    } else {
      element('problem').textContent = error instanceof Error ? error.message : String(error)
      element('problem').hidden = false
      say('')
    }
  } finally {
    setBusy(compute.isBusy)
  }
}

const say = (text: string): void => {
  element('status').textContent = text
}

function setBusy(isBusy: boolean): void {
  page.dataset['state'] = isBusy ? 'busy' : shown ? 'ready' : source ? 'open' : 'empty'
  element<HTMLButtonElement>('stop').disabled = !isBusy
  element<HTMLButtonElement>('predict').disabled = isBusy || !source
  element<HTMLButtonElement>('score').disabled = isBusy || !source
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-download]'))
    button.disabled = isBusy || !shown?.done
  if (!isBusy) element('progress').hidden = true
}

const engine = (): Engine => ({ device: device.value as Engine['device'], model })

function onEvent(event: Event): void {
  if (event.kind === 'state') say(`${event.text}…`)
  if (event.kind === 'warning') {
    const item = document.createElement('li')
    item.textContent = event.text
    element('warnings').append(item)
    element('warnings').hidden = false
  }
}

async function open(name: string, input: Blob | string): Promise<void> {
  const opening: Source = { id: ++ids, name, input }
  element('warnings').replaceChildren()
  element('warnings').hidden = true
  say(`Opening ${name}…`)
  contigs = await compute.ask('open', { source: opening }, onEvent)
  source = opening
  shown = undefined // it was of another sequence
  element('results').hidden = true
  const first = contigs.find(({ length }) => length > 0)
  if (!first) throw new Error(`${name}: there are no bases in it.`)
  element('contigs').replaceChildren(...contigs.slice(0, 1000).map((contig) => new Option(contig.name, contig.name)))
  region.disabled = false
  const isShort = first.length <= atOnceBases
  region.value = isShort ? first.name : regionText({ contig: first.name, start: 0, end: firstBases })
  const count = contigs.length === 1 ? '' : `${contigs.length.toLocaleString('en')} records, `
  const bases = contigs.reduce((sum, { length }) => sum + length, 0)
  say(`${name}: ${count}${bases.toLocaleString('en')} bases. Choose a region and press Predict.`)
  if (isShort) await predict()
  else region.focus()
}

async function predict(): Promise<void> {
  const span = await compute.ask('locate', { source: source!, text: region.value })
  const { start, end } = span
  if (end - start > mostBases)
    throw new Error(
      `${(end - start).toLocaleString('en')} bases are too many for a page: choose at most ${mostBases.toLocaleString('en')}, or use the command line.`,
    )
  const begin = performance.now()
  const bar = element<HTMLProgressElement>('progress')
  bar.value = 0
  bar.hidden = false
  const made = await compute.ask(
    'predict',
    { source: source!, engine: engine(), span, strand: strand.value as '+' },
    (event) => {
      onEvent(event)
      if (event.kind === 'started') begun(span, event)
      if (event.kind !== 'batch' || !shown) return
      shown.add(event.batch.region.start, event.batch.bases, event.batch.tracks)
      view.draw()
      sites.draw()
      bar.value = shown.done / (end - start)
      const left = (performance.now() - begin) / 1000 / bar.value - (performance.now() - begin) / 1000
      say(
        `${Math.floor(100 * bar.value)}% of ${(end - start).toLocaleString('en')} bases${left > 2 ? `, about ${Math.ceil(left)} s left` : ''}.`,
      )
    },
  )
  metadata = made.metadata
  say(`${(end - start).toLocaleString('en')} bases in ${made.seconds.toFixed(1)} s on ${made.device}.`)
}

function begun(span: Span, { model, family, tracks }: Event & { kind: 'started' }): void {
  shown = new ShownPrediction(span, family, tracks)
  metadata = new Map([['genoconv.model', model]])
  element('results').hidden = false
  element('variants').hidden = true
  element<HTMLTableElement>('variants').tBodies[0].replaceChildren()
  view.show(shown)
  sites.show(shown)
}

async function score(): Promise<void> {
  const variant = parseVariant(element<HTMLInputElement>('change').value, contigs)
  const distance = Number(element<HTMLInputElement>('distance').value)
  const scored = await compute.ask('score', { source: source!, engine: engine(), variant, distance }, onEvent)
  showScores(element<HTMLTableElement>('variants'), scored)
  say('The variant is scored.')
  if (!shown || shown.span.contig !== variant.contig) return
  view.marks = marksOf(scored)
  view.lookAt(variant.position, Math.max(200, 3 * distance))
}

async function download(format: 'arrow' | 'bedgraph'): Promise<void> {
  const prediction = shown!.computed(metadata)
  const blob = await compute.ask('encode', { prediction, format }, onEvent)
  const { start, end, contig } = prediction.span
  const isWhole = contigs.length === 1 && start === 0 && end === contigs[0].length
  const stem = source!.name.replace(/^.*\//, '').replace(/(\.(fa|fasta|fna|gz|bgz))+$/i, '')
  const place = isWhole ? '' : `.${contig}_${start + 1}-${end}`
  save(blob, `${stem}${place}.${metadata.get('genoconv.model')}.${format}`)
  say(`${shown!.done.toLocaleString('en')} bases are in the download.`)
}

function useFiles(files: readonly File[]): void {
  let given: ReturnType<typeof sortFiles>
  try {
    given = sortFiles(files)
  } catch (error) {
    void during(async () => {
      throw error
    })
    return
  }
  if (given.model) {
    model = { id: ++ids, parts: given.model }
    element('model').textContent = given.model.name!
  }
  const { fasta } = given
  if (fasta) void during(() => open(fasta.name, fasta))
  else if (source) void during(predict)
  else say(`${given.model?.name} will be used. Now give a sequence.`)
}

/** Shows the place that is asked for: a position of the contig in view, or a region of the prediction. */
async function look(text: string): Promise<void> {
  if (!shown || text.trim() === '') return
  const position = Number(text.replaceAll(',', '')) - 1
  if (Number.isInteger(position)) view.lookAt(position)
  else {
    const { contig, start, end } = await compute.ask('locate', { source: source!, text })
    if (contig !== shown.span.contig) throw new Error(`The prediction is of ${shown.span.contig}, not of ${contig}.`)
    view.look(start, end)
  }
}

function onSubmit(id: string, action: () => Promise<void> | void): void {
  element(id).addEventListener('submit', (event) => {
    event.preventDefault()
    void action()
  })
}

onDrop(useFiles)
onChoose(element('choose'), element<HTMLInputElement>('file'), useFiles)
onChoose(element('model'), element<HTMLInputElement>('model-file'), useFiles)
onSubmit('paste', () => {
  const file = pastedFile(element<HTMLTextAreaElement>('pasted').value)
  return during(() => open(file.name, file))
})
onSubmit('remote', () => {
  const url = element<HTMLInputElement>('url').value.trim()
  return during(() => open(url, url))
})
onSubmit('run', () => during(predict))
onSubmit('variant', () => during(score))
onSubmit('go', () => {
  if (!compute.isBusy) void during(() => look(element<HTMLInputElement>('search').value))
})
element('stop').addEventListener('click', () => compute.stop())
element('sample').addEventListener('click', () => {
  void during(async () => {
    const answer = await fetch(new URL('samples/BIRC7.fa', import.meta.url))
    if (!answer.ok) throw new Error(`The sample cannot be fetched: the server answered ${answer.status}.`)
    await open('BIRC7.fa', await answer.blob())
  })
})
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-move]'))
  button.addEventListener('click', () => view.move(button.dataset['move'] as 'in'))
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-download]'))
  button.addEventListener('click', () => void during(() => download(button.dataset['download'] as 'arrow')))
compute.start()

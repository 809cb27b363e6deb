// All that computes or reads: the page only draws. A worker does one request at a time; to stop it the page ends it.
import {
  type Backend,
  createBackend,
  type Genome,
  loadModel,
  memorySink,
  type Model,
  openGenome,
  parseRegion,
  predict,
  type PredictionBatch,
  scoreVariants,
  writeArrow,
  writeBedGraph,
} from 'genoconv'
import type { Asked, Engine, Event, Made, Prediction, Reply, Requests, Source } from './messages.ts'
import { paddedGenome } from './padded-genome.ts'

/** Of the package; put in by scripts/build-demo.mjs. */
declare const GENOCONV_VERSION: string

const memoryBytes = 2 ** 30
const pieceBases = 2 ** 13
/** Bases between two signs of life; more would be a little faster, as windows overlap. */
const chunkBases = { webgpu: 2 ** 17, cpu: 2 ** 15 }

let opened: { readonly id: number; readonly genome: Genome } | undefined
let running: { readonly key: string; readonly backend: Backend; readonly model: Model } | undefined

const post = (reply: Reply, transfer: Transferable[] = []): void => self.postMessage(reply, { transfer })
const tell = (event: Event, transfer?: Transferable[]): void => post({ kind: 'event', event }, transfer)
const onWarning = (text: string): void => tell({ kind: 'warning', text })

async function genomeOf({ id, input }: Source): Promise<Genome> {
  if (opened?.id !== id) {
    await opened?.genome.close()
    opened = undefined
    opened = { id, genome: await openGenome(input, { onWarning }) }
  }
  return opened.genome
}

async function modelOf({ device, model }: Engine): Promise<Model> {
  const key = `${device} ${model?.id ?? 'shipped'}`
  if (running?.key === key) return running.model
  tell({ kind: 'state', text: 'Loading the model' })
  running?.model.close()
  await running?.backend.destroy()
  running = undefined
  const isOneThread = device === 'one-thread'
  const backend = await createBackend(isOneThread ? 'cpu' : device, {
    threads: isOneThread ? 1 : undefined,
    onWarning,
  })
  running = { key, backend, model: await loadModel(model?.parts, { backend, onWarning }) }
  return running.model
}

const handlers: { [K in keyof Requests]: (asked: Requests[K]['asked']) => Promise<Requests[K]['answer']> } = {
  async open({ source }) {
    return (await genomeOf(source)).contigs()
  },

  async locate({ source, text }) {
    return parseRegion(text, await (await genomeOf(source)).contigs())
  },

  async predict({ source, engine, span, strand }): Promise<Made> {
    const genome = await genomeOf(source)
    const model = await modelOf(engine)
    const { info, backend } = model
    const start = performance.now()
    let isStarted = false
    tell({ kind: 'state', text: `Computing on ${backend.description}` })
    for await (const batch of predict(model, genome, {
      regions: [span],
      strand,
      memory: memoryBytes,
      chunk: chunkBases[backend.kind],
    })) {
      if (!isStarted)
        tell({ kind: 'started', model: info.name, family: info.family, tracks: Object.keys(batch.tracks) })
      isStarted = true
      for (const piece of piecesOf(batch))
        tell({ kind: 'batch', batch: piece }, [
          piece.bases.buffer as ArrayBuffer,
          ...Object.values(piece.tracks).map((values) => values.buffer as ArrayBuffer),
        ])
    }
    const metadata = new Map([
      ['genoconv.version', GENOCONV_VERSION],
      ['genoconv.model', info.name],
      ['genoconv.model_sha256', info.sha256],
      ['genoconv.device', backend.description],
      ['genoconv.parameters', JSON.stringify({ strand, context: 'default', precision: backend.precision })],
      ['genoconv.input', JSON.stringify({ files: [{ name: source.name, bytes: genome.byteCount ?? null }] })],
    ])
    return { device: backend.description, seconds: (performance.now() - start) / 1000, metadata }
  },

  async score({ source, engine, variant, distance }) {
    const genome = await genomeOf(source)
    const model = await modelOf(engine)
    tell({ kind: 'state', text: 'Scoring the variant' })
    const { left, right } = model.info.receptiveField
    const padding = Math.max(left, right) + distance
    const padded = paddedGenome(genome, padding)
    const there = { ...variant, position: variant.position + padding }
    const scored = scoreVariants(model, padded, [there], { genes: 'none', distance, memory: memoryBytes })
    for await (const one of scored) return { ...one, variant }
    throw new Error('a variant gave no score')
  },

  async encode({ prediction, format }) {
    const sink = memorySink()
    const write = format === 'arrow' ? writeArrow : writeBedGraph
    const { metadata, span } = prediction
    await write(batchesOf(prediction), sink, { contigs: [span.contig], metadata: () => metadata })
    return new Blob([sink.bytes() as Uint8Array<ArrayBuffer>])
  },
}

/** A batch in pieces that the page takes in without keeping anybody waiting, in arrays of their own, which can be handed over. */
function* piecesOf({
  region,
  bases,
  tracks,
}: PredictionBatch): Generator<Pick<PredictionBatch, 'region' | 'bases' | 'tracks'>> {
  for (let from = 0; from < bases.length; from += pieceBases) {
    const to = Math.min(bases.length, from + pieceBases)
    const cut = Object.entries(tracks).map(([name, values]) => [name, values.slice(from, to)])
    yield {
      region: { ...region, start: region.start + from, end: region.start + to },
      bases: bases.slice(from, to),
      tracks: Object.fromEntries(cut),
    }
  }
}

async function* batchesOf({ span, bases, tracks }: Prediction): AsyncGenerator<PredictionBatch> {
  yield { region: span, bases, tracks, regionIndex: 0 }
}

self.onmessage = async ({ data }: MessageEvent<Asked>) => {
  try {
    const handle = handlers[data.kind] as (asked: Asked) => Promise<Requests[keyof Requests]['answer']>
    post({ kind: 'answer', answer: await handle(data) })
  } catch (error) {
    post({ kind: 'failure', text: error instanceof Error ? error.message : String(error) })
  }
}

import { availableParallelism } from 'node:os'
import { ConfigError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import type { ByteSource } from '../../src/io/bytes/byte-source.ts'
import { openLocalFile, standardInput } from '../../src/io/bytes/local-file.ts'
import { protectInputs } from '../../src/io/bytes/protect-inputs.ts'
import type { ByteSink } from '../../src/io/bytes/sink.ts'
import { standardOutput } from '../../src/io/bytes/stream-output.ts'
import { openGenome } from '../../src/io/fasta/open-genome.ts'
import { openGenes } from '../../src/io/variants/annotation/open-genes.ts'
import type { Annotation } from '../../src/io/variants/annotation/read-genes.ts'
import { bgzfSink } from '../../src/io/variants/bgzf-sink.ts'
import { readVcf, type VcfHeader, type VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import type { Model } from '../../src/model/model.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { defaultModelName } from '../models/load-checkpoint.ts'
import { loadModel } from '../models/load-model.ts'
import { type RecordWriter, tsvWriter, vcfWriter } from '../variants/records.ts'
import { scoreVariants } from '../variants.ts'
import { filesRead } from './files-read.ts'
import type { Log } from './log.ts'
import { addReserve, freeMemory, reserveBytes } from './memory.ts'
import { chooseVariantOutput, type VariantOutput } from './variants-output.ts'
import type { VariantsRequest } from './variants-request.ts'
import { VariantsTally } from './variants-tally.ts'
import { version } from './version.ts'

export interface VariantsSettings {
  readonly log: Log
  readonly signal: AbortSignal
}

/** A run after its last record. */
export interface VariantsOutcome {
  readonly tally: VariantsTally
  /** Of performance.now(), when the run began. */
  readonly startTime: number
  readonly device: string
  /** `-` is standard output. */
  readonly output: string
}

/** One run of `variants`: opens what it reads and writes, then scores record by record. */
export async function runVariants(request: VariantsRequest, settings: VariantsSettings): Promise<VariantsOutcome> {
  const { log, signal } = settings
  const memory = request.memory ?? freeMemory() / 2
  const threads = request.threads ?? availableParallelism()
  const opened: { close(): Promise<void> }[] = []
  try {
    const genome = await openGenome(request.fasta, { onWarning: log.warn, signal, maxHeldBytes: memory / 4 })
    opened.push(genome)
    const output = chooseVariantOutput(request, request.models[0] ?? defaultModelName() ?? 'model')
    const inputs = await variantFilesRead(request)
    if (output.path !== undefined) await protectInputs(output.path, inputs)
    const genes = await readAnnotation(request, signal)
    const source = request.vcf === '-' ? standardInput() : await openLocalFile(request.vcf)
    opened.push(source)
    const { header, records } = await readVcf(source, {
      onBadRecord: request.onBadRecord,
      signal,
      onWarning: log.warn,
    })
    checkInfoId(header, request, source.name)
    const sink = await openSink(output, inputs)
    try {
      return await score({ request, settings, memory, threads, genome, genes, source, header, records, output, sink })
    } catch (error) {
      await sink.abort()
      throw error
    }
  } catch (error) {
    throw addReserve(error, memory, threads)
  } finally {
    await Promise.all(opened.map((one) => one.close()))
  }
}

interface Run {
  readonly request: VariantsRequest
  readonly settings: VariantsSettings
  readonly memory: number
  readonly threads: number
  readonly genome: Genome
  readonly genes: Annotation | 'none'
  readonly source: ByteSource
  readonly header: VcfHeader
  readonly records: AsyncIterable<VcfRecord>
  readonly output: VariantOutput
  readonly sink: ByteSink
}

/** Device and model; then reading, scoring and writing. */
async function score(run: Run): Promise<VariantsOutcome> {
  const { request, settings, memory, threads, genome, genes, source, header, records, output, sink } = run
  const { log, signal } = settings
  const startTime = performance.now()
  const modelMemory = Math.max(0, memory - reserveBytes(threads))
  const { backend, reason } = await chooseDevice(request.device, {
    threads,
    precision: request.precision,
    onWarning: log.warn,
  })
  try {
    const model = await loadModel(request.models, { backend, signal, onWarning: log.warn })
    log.info(`${model.info.name} (${model.info.architecture}) on ${backend.description} (${reason})`)
    const writer: RecordWriter<VcfRecord> =
      output.format === 'tsv'
        ? tsvWriter({ isRaw: request.raw, givesReasons: request.givesReasons })
        : vcfWriter({
            header,
            infoId: request.infoId,
            digits: request.digits,
            isRaw: request.raw,
            givesReasons: request.givesReasons,
            replaces: request.replace,
            isGeneless: genes === 'none',
            provenance: provenanceOf(model, request),
          })
    const tally = new VariantsTally()
    const scored = scoreVariants(model, genome, records, {
      genes,
      transcripts: request.transcripts,
      distance: request.distance,
      mask: request.mask,
      mnv: request.mnv,
      normalize: request.normalize,
      onBadVariant: request.onBadRecord,
      memory: modelMemory,
      listName: source.name,
      signal,
      onNote: log.info,
    })
    await sink.write([...writer.head()])
    for await (const one of scored) {
      const { problem, tail } = one.variant
      if (problem) tally.bad('bad-record')
      else tally.add(one)
      await sink.write([...writer.record(one)])
      for await (const piece of tail ?? []) if (output.format !== 'tsv') await sink.write([piece])
    }
    await sink.finish()
    model.close()
    return { tally, startTime, device: backend.description, output: output.path ?? '-' }
  } finally {
    await backend.destroy()
  }
}

/** Every file that a run may read: none of them may be its output. */
const variantFilesRead = ({ fasta, vcf, genes = 'none', models }: VariantsRequest): Promise<string[]> =>
  filesRead({ inputs: [fasta], bedFiles: [vcf, ...(genes === 'none' ? [] : [genes])], models })

async function readAnnotation({ genes }: VariantsRequest, signal: AbortSignal): Promise<Annotation | 'none'> {
  if (genes === 'none') return 'none'
  if (genes === undefined)
    throw new ConfigError({
      option: 'genes',
      what: 'not given',
      expected: 'GFF3, GTF, BED12, a table in the form of SpliceAI, or none',
      remedy:
        'GENCODE has its GFF3 at https://www.gencodegenes.org, Ensembl at https://ftp.ensembl.org/pub/current_gff3/homo_sapiens/; `genes: none` scores both strands without genes',
    })
  return openGenes(genes, { signal })
}

function checkInfoId(header: VcfHeader, { infoId, replace }: VariantsRequest, name: string): void {
  if (replace || !header.infoIds.has(infoId)) return
  throw new ConfigError({
    where: name,
    what: `the VCF has an INFO field ${infoId} already`,
    expected: 'another name',
    got: infoId,
    remedy: 'give another `infoId`, or `replace: true` to put new values in its place',
  })
}

async function openSink({ path, format }: VariantOutput, inputs: readonly string[]): Promise<ByteSink> {
  const sink = path === undefined ? standardOutput() : await openAtomicOutput(path, inputs)
  return format === 'vcf.gz' ? bgzfSink(sink) : sink
}

/** The value of the `##genoconv` header line: what the scores were made with. */
function provenanceOf({ info, backend }: Model, request: VariantsRequest): string {
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
  const { transcripts } = request
  const fields: [string, string | number][] = [
    ['version', version()],
    ['model', quoted(info.name)],
    ['sha256', quoted(info.sha256)],
    ['genes', quoted(request.genes ?? 'none')],
    ['transcripts', quoted(typeof transcripts === 'string' ? transcripts : transcripts.join(' '))],
    ['distance', request.distance],
    ['mask', request.mask ?? 'none'],
    ['mnv', request.mnv],
    ['normalize', request.normalize],
    ['precision', backend.precision],
  ]
  return `<ID=${request.infoId},${fields.map(([key, value]) => `${key}=${value}`).join(',')}>`
}

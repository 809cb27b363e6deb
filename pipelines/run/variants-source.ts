import { ConfigError } from '../../src/errors.ts'
import type { Genome, Region } from '../../src/genome.ts'
import type { ByteSource } from '../../src/io/bytes/byte-source.ts'
import { openLocalFile, standardInput } from '../../src/io/bytes/local-file.ts'
import { madeHeader, madeRecord } from '../../src/io/variants/made-vcf.ts'
import type { VcfPart } from '../../src/io/variants/vcf-part.ts'
import { readVcf, readVcfPart, type VcfHeader, type VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import { everyVariant } from '../variants/saturation.ts'
import type { VariantsRequest } from './variants-request.ts'

/** Where variants come from: a VCF, or every small change of regions. */
export interface VariantSource {
  readonly name: string
  readonly header: VcfHeader
  readonly records: AsyncIterable<VcfRecord>
  /** How much of it has been read, 0 to 1; undefined for a stream. */
  fractionRead(): number | undefined
  close(): Promise<void>
}

interface SourceOptions {
  readonly genome: Genome
  readonly regions: readonly Region[] | undefined
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
  /** Of all records these `rows`; what has no file is found by the number of its first record, `line`. */
  readonly part?: VcfPart & { readonly rows: number }
  /** As of `readVcf`. */
  readonly onBlock?: (compressedOffset: number, dataBytes: number) => void
}

/** @throws ConfigError where its header has the INFO field already, FormatError for what is no VCF */
export async function openVariantSource(request: VariantsRequest, options: SourceOptions): Promise<VariantSource> {
  return request.vcf === undefined ? madeSource(request, options) : vcfSource(request, request.vcf, options)
}

async function vcfSource(request: VariantsRequest, vcf: string, options: SourceOptions): Promise<VariantSource> {
  const { signal, onWarning, part, onBlock } = options
  const source = vcf === '-' ? standardInput() : await openLocalFile(vcf)
  let bytesRead = 0
  const counted: ByteSource = {
    ...source,
    async *stream(streamSignal) {
      for await (const piece of source.stream(streamSignal)) {
        bytesRead += piece.length
        yield piece
      }
    },
  }
  try {
    const { onBadRecord } = request
    const { header, records } = await readVcf(counted, { onBadRecord, signal, onWarning, onBlock })
    checkInfoId(header, request, source.name)
    if (part) await records.return(undefined)
    return {
      name: source.name,
      header,
      records: part ? readVcfPart(source, part, { onBadRecord, signal }) : records,
      fractionRead: () => source.byteCount && Math.min(1, bytesRead / source.byteCount),
      close: () => source.close(),
    }
  } catch (error) {
    await source.close()
    throw error
  }
}

/** Regions that overlap, or a repeated one, have each of their variants again. */
async function madeSource(
  { everySnv, everyIndel }: VariantsRequest,
  { genome, regions = [], signal, part }: SourceOptions,
): Promise<VariantSource> {
  const bases = regions.reduce((sum, { start, end }) => sum + end - start, 0)
  const variantsOfBase = (everySnv ? 3 : 0) + (everyIndel ? 8 : 0)
  let made = 0
  const records = async function* (): AsyncGenerator<VcfRecord> {
    const last = part ? part.line + part.rows - 1 : Number.POSITIVE_INFINITY
    for await (const variant of everyVariant(genome, regions, { snv: everySnv, indel: everyIndel, signal })) {
      if (made >= last) return
      if (++made >= (part?.line ?? 1)) yield madeRecord(variant, made)
    }
  }
  return {
    name: genome.name,
    header: madeHeader(await genome.contigs(signal)),
    records: records(),
    fractionRead: () => Math.min(1, made / (bases * variantsOfBase)),
    close: async () => {},
  }
}

function checkInfoId(header: VcfHeader, { infoId, raw, givesReasons, replace }: VariantsRequest, name: string): void {
  const added = [infoId, ...(raw ? [`${infoId}_RAW`] : []), ...(givesReasons ? [`${infoId}_SKIPPED`] : [])]
  const there = added.find((id) => header.infoIds.has(id))
  if (replace || there === undefined) return
  throw new ConfigError({
    where: name,
    what: `the VCF has an INFO field ${there} already`,
    expected: 'another name',
    got: infoId,
    remedy: 'give another `infoId`, or `replace: true` to put new values in its place',
  })
}

import { ConfigError } from '../../src/errors.ts'
import type { Strand } from '../../src/genome.ts'
import { localPath } from '../../src/io/bytes/local-path.ts'
import type { OutputFormat } from '../../src/io/output/formats.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import type { PredictRequest } from '../run/request.ts'
import { parseBases, parseBytes, parseFraction, parseWhole } from './values.ts'
import { type Argv, Words } from './words.ts'

/** @throws ConfigError for any value that cannot be */
export function parsePredictArguments(argv: Argv): PredictRequest {
  const words = new Words(argv)
  const inputs = words.all('fasta').map(localPath)
  if (inputs.filter((input) => input === '-').length > 1)
    throw new ConfigError({ where: '-', what: 'standard input is given twice', expected: 'once' })
  const bedFiles = words.all('regions').map(localPath)
  if (inputs.includes('-') && bedFiles.includes('-')) {
    throw new ConfigError({
      where: '--regions',
      what: 'standard input cannot be both FASTA and BED',
      remedy: 'give a file for one of them',
    })
  }
  return {
    inputs,
    models: words.all('model').map(localPath),
    output: words.parsed('output', (_, value) => localPath(value)),
    format: words.one('format') as OutputFormat | undefined,
    regionTexts: words.all('region'),
    bedFiles,
    strand: words.one('strand') as Strand | 'both' | undefined,
    context: words.parsed('context', (option, value) =>
      value === 'full' || value === 'none' ? value : value === '0' ? 0 : parseBases(option, value),
    ),
    tracks: words.parsed('tracks', (_, value) =>
      value
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ),
    filterLength: words.parsed('filter-length', parseBases),
    frequencySparsity: words.parsed('frequency-sparsity', (option, value) => parseFraction(option, value, 0.95)) ?? 0,
    precision: (words.one('precision') ?? 'f32') as Precision,
    ...parseMachineOptions(words),
    resume: words.isOn('resume'),
  }
}

/** Options of every command that computes: where, and with how much. */
export function parseMachineOptions(words: Words): Pick<PredictRequest, 'device' | 'chunk' | 'memory' | 'threads'> {
  return {
    device: (words.one('device') ?? 'auto') as 'auto' | 'gpu' | 'cpu',
    chunk: words.parsed('chunk', parseBases),
    memory: words.parsed('memory', parseBytes),
    threads: words.parsed('threads', (option, value) => parseWhole(option, value, 1)),
  }
}

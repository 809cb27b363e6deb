import { withoutSecrets } from '../../src/io/bytes/web-url.ts'
import { describeError } from './exit-codes.ts'
import { inFlags } from './flags.ts'
import type { Log } from '../run/log.ts'
import type { ProgressBar } from './progress-bar.ts'

export interface LogOptions {
  readonly quiet?: boolean
  readonly json?: boolean
  readonly debug?: boolean
}

export function createLog(options: LogOptions, stream: NodeJS.WriteStream = process.stderr): Log {
  return options.json ? jsonLog(options, stream) : textLog(options, stream)
}

function textLog({ quiet, debug }: LogOptions, stream: NodeJS.WriteStream): Log {
  let bar: ProgressBar | undefined
  let isOpening = false
  /** Loaded when there is progress to show: most commands end before. */
  const openBar = async (): Promise<void> => {
    isOpening = true
    const { ProgressBar } = await import('./progress-bar.ts')
    bar = new ProgressBar(stream)
  }
  const line = (text: string): void => {
    bar?.clear()
    stream.write(`genoconv: ${withoutSecrets(text)}\n`)
  }
  return {
    info: (text) => void (quiet || line(inFlags(text))),
    warn: (text) => void (quiet || line(`warning: ${inFlags(text)}`)),
    error(error) {
      line(describeError(error))
      if (debug && error instanceof Error)
        stream.write(
          withoutSecrets(
            `${error.stack}\n${error.cause ? `caused by ${String((error.cause as Error).stack ?? error.cause)}\n` : ''}`,
          ),
        )
    },
    progress(progress) {
      if (quiet || !stream.isTTY) return
      if (bar) bar.update(progress)
      else if (!isOpening) void openBar()
    },
    records(progress) {
      if (quiet || !stream.isTTY) return
      if (bar) bar.updateRecords(progress)
      else if (!isOpening) void openBar()
    },
    done: (text) => void (quiet || line(text)),
  }
}

const progressSeconds = 5

const masked = (_: string, value: unknown): unknown => (typeof value === 'string' ? withoutSecrets(value) : value)

function jsonLog({ quiet, debug }: LogOptions, stream: NodeJS.WriteStream): Log {
  let lastProgress = performance.now()
  const isDue = (): boolean => {
    if (quiet || performance.now() - lastProgress < progressSeconds * 1000) return false
    lastProgress = performance.now()
    return true
  }
  const line = (event: string, fields: Readonly<Record<string, unknown>>): void =>
    void stream.write(`${JSON.stringify({ event, ...fields }, masked)}\n`)
  return {
    info: (message) => void (quiet || line('info', { message: inFlags(message) })),
    warn: (message) => void (quiet || line('warning', { message: inFlags(message) })),
    error(error) {
      line('error', {
        message: describeError(error),
        ...(debug && error instanceof Error ? { stack: error.stack } : {}),
      })
    },
    progress({ contig, basesDone, basesTotal, regionsDone, regionsTotal }) {
      if (!isDue()) return
      line('progress', {
        contig,
        bases: basesDone,
        total: basesTotal ?? null,
        regions: regionsDone ?? null,
        regionsTotal: regionsTotal ?? null,
      })
    },
    records({ contig, recordsDone, fraction }) {
      if (isDue()) line('progress', { contig, records: recordsDone, fraction: fraction ?? null })
    },
    done: (_, summary) => line('done', summary),
  }
}

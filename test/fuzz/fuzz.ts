import { getHeapStatistics } from 'node:v8'
import fc from 'fast-check'
import { GenoconvError } from '../../src/errors.ts'
import { mutatedInput } from './mutate.ts'
import { parsers } from './parsers.ts'

/** CPU time of one input, in microseconds. Not time by the clock: the machine may be busy with something else. */
const mostMicroseconds = 1_000_000
/** Memory that one input may take: this much for each of its bytes, and what any call takes. */
const mostBytesPerByte = 64
const freeBytes = 4 * 2 ** 20

export interface FuzzOutcome {
  /** Inputs that were read, and those that gave an error of ours. */
  readonly read: number
  readonly refused: number
}

export interface FuzzSettings {
  readonly inputs: number
  readonly seed: number
  /** Told each input before it is parsed: where a parser never ends, somebody else must know on what. */
  readonly onInput?: (input: Uint8Array) => void
}

/**
 * Gives a parser mutated inputs. Throws, with the smallest input that fast-check finds, where one gives an error that is
 * not ours, takes more than a second of CPU time, or more memory than 64 times its size.
 */
export async function fuzz(name: string, { inputs, seed, onInput }: FuzzSettings): Promise<FuzzOutcome> {
  const parser = parsers[name]
  const outcome = { read: 0, refused: 0 }
  const attempt = async (input: Uint8Array, pick: number): Promise<void> => {
    try {
      await parser.parse(input, pick)
      outcome.read++
    } catch (error) {
      if (!(error instanceof GenoconvError)) throw error
      outcome.refused++
    }
  }
  const property = fc.asyncProperty(mutatedInput(parser), fc.nat(0xffff), async (input, pick) => {
    onInput?.(input)
    const usedBefore = process.cpuUsage()
    const bytesBefore = heldBytes()
    await attempt(input, pick)
    // A garbage collection in between makes it less: then this input says nothing of memory.
    const bytes = heldBytes() - bytesBefore
    const { user, system } = process.cpuUsage(usedBefore)
    if (user + system > mostMicroseconds) await confirm('time', () => attempt(input, pick))
    if (bytes > mostBytesPerByte * input.length + freeBytes)
      await confirm('memory', () => attempt(input, pick), input.length)
  })
  await fc.assert(property, { numRuns: inputs, seed, endOnFailure: false })
  return outcome
}

/** Twice more: the first time may have compiled code, or met the collection of something else's garbage. */
async function confirm(what: 'time' | 'memory', attempt: () => Promise<void>, inputBytes = 0): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const usedBefore = process.cpuUsage()
    const bytesBefore = heldBytes()
    await attempt()
    const bytes = heldBytes() - bytesBefore
    const { user, system } = process.cpuUsage(usedBefore)
    if (what === 'time' && user + system <= mostMicroseconds) return
    if (what === 'memory' && bytes <= mostBytesPerByte * inputBytes + freeBytes) return
  }
  throw new Error(what === 'time' ? 'more than a second' : `more than ${mostBytesPerByte} times its memory`)
}

/** Bytes on the heap and in array buffers. */
function heldBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

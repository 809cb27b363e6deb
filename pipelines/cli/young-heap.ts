import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const mostBytes = 16 * 2 ** 20
const intervalMilliseconds = 50

/**
 * Stops the growth of the engine's heap of young objects (V8's semi-spaces) when it has reached `most` bytes. Newer engines
 * let it grow beyond 150 MiB, which `--memory` does not know of, where 16 MiB are as quick. V8 reads the size that it may
 * have (`--max-semi-space-size`) only when it starts, but by how much it grows each time.
 */
export function limitYoungHeap(most: number = mostBytes): void {
  const timer = setInterval(() => {
    const youngBytes = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size
    if (youngBytes !== undefined && youngBytes < most) return
    setFlagsFromString('--semi-space-growth-factor=1')
    clearInterval(timer)
  }, intervalMilliseconds)
  timer.unref()
}

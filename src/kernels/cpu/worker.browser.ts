import type { Program, Setup } from './program.ts'
import { ProgramRunner } from './run-program.ts'

// Built on its own into a text that thread.browser.ts starts workers from. The first message sets it up.
let runner: ProgramRunner | undefined

self.onmessage = ({ data }: MessageEvent<Setup | Program>) => {
  if ('control' in data) runner = new ProgramRunner(data)
  else self.postMessage(runner!.run(data))
}

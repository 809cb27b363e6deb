#!/usr/bin/env node
import { runProgram } from './program.ts'
import { endProcess } from './signals.ts'

const exitCode = await runProgram(process.argv.slice(2))
// What is still in the pipe goes out first; workers and devices of a failed run need not be waited for.
process.stdout.write('', () => endProcess(exitCode))

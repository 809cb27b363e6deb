#!/usr/bin/env node
import { runProgram } from './program.ts'

const exitCode = await runProgram(process.argv.slice(2))
// What is still in the pipe goes out first; workers and devices of a failed run need not be waited for.
process.stdout.write('', () => process.exit(exitCode))

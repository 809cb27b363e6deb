import { standardOutput } from '../../src/io/bytes/stream-output.ts'

/**
 * Writes data to standard output and waits until it is handed on. All that commands print goes through here, so that a
 * full disk or a device that refuses ends the run with an error.
 *
 * @throws LimitError, FormatError where it cannot be written; a closed pipe gives the system's own error
 */
export const print = (text: string): Promise<void> => standardOutput().write([new TextEncoder().encode(text)])

/** The same for machines: one line. */
export const printJson = (value: unknown): Promise<void> => print(`${JSON.stringify(value)}\n`)

/** Records without bases that are named one by one; of the others their number is told. */
const NAMED_RECORDS = 3

/** Warns of records without bases: the first few by name, then once of how many more there are. */
export class EmptyRecords {
  #fileName: string
  #onWarning: ((message: string) => void) | undefined
  #count = 0

  constructor(fileName: string, onWarning?: (message: string) => void) {
    this.#fileName = fileName
    this.#onWarning = onWarning
  }

  add(name: string): void {
    if (++this.#count > NAMED_RECORDS) return
    this.#onWarning?.(`${this.#fileName}: record ${name || '(without a name)'} has no bases, so it has no rows`)
  }

  /** There are no more records. */
  end(): void {
    const more = this.#count - NAMED_RECORDS
    if (more === 1) this.#onWarning?.(`${this.#fileName}: 1 more record has no bases`)
    if (more > 1) this.#onWarning?.(`${this.#fileName}: ${more.toLocaleString('en')} more records have no bases`)
  }
}

/** The same for records whose lengths are all known. */
export function warnOfEmpty(
  fileName: string,
  records: readonly { readonly name: string; readonly length: number }[],
  onWarning?: (message: string) => void,
): void {
  const empty = new EmptyRecords(fileName, onWarning)
  for (const { name, length } of records) if (length === 0) empty.add(name)
  empty.end()
}

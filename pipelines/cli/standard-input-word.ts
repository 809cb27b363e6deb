/** No word of a command line can hold a NUL, so this stands for nothing else. */
const stand = '\u0000-'
const flags = /^(--(quiet|json|debug|dry-run|help|no-[a-z-]+)|-h)$/

/**
 * yargs takes a bare `-` among positional words for an option without a name and drops it. Here it is put in disguise on
 * the way in, unless it is an option's value (`--strand -`, `-o -`), which yargs reads well.
 */
export function hideStandardInput(words: readonly string[]): string[] {
  return words.map((word, i) => {
    const before = words[i - 1] ?? ''
    const isValue =
      before.startsWith('-') && before !== '-' && before !== '--' && !flags.test(before) && !before.includes('=')
    return word === '-' && !isValue ? stand : word
  })
}

/** Undoes it in what was read. */
export function showStandardInput(argv: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(argv)) {
    if (value === stand) argv[name] = '-'
    else if (Array.isArray(value)) argv[name] = value.map((item) => (item === stand ? '-' : item))
  }
}

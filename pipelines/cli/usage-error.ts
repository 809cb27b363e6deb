import { ConfigError } from '../../src/errors.ts'

/** What there is where the parser stopped. */
export interface Known {
  readonly options: readonly string[]
  readonly commands: readonly string[]
}

/** What yargs complains of, as one line in the form of all errors, with a suggestion for a misspelt word. */
export function usageError(message: string, words: readonly string[], known: Known): ConfigError {
  const command = words.find((word) => !word.startsWith('-')) ?? ''
  const where = command || 'command line'
  const help = `genoconv ${command ? `${command} ` : ''}--help shows what there is`
  const unknown = /^Unknown (?:arguments?|commands?): (.*)$/.exec(message)?.[1]?.split(', ')
  if (unknown) {
    const first = unknown[0]
    const isOption = words.some((word) => word.startsWith('-') && word.replace(/^-+/, '').split('=')[0] === first)
    if (isOption) {
      const closest = nearest(first, known.options)
      return new ConfigError({
        where,
        what: `unknown option --${first}`,
        remedy: closest ? `did you mean --${closest}?` : help,
      })
    }
    if (known.commands.length > 0) return noCommand(first, command, known.commands)
    return new ConfigError({ where, what: `unknown argument ${first}`, remedy: help })
  }
  if (/^no (sub)?command is given$/.test(message))
    return new ConfigError({
      where,
      what: message,
      expected: `one of ${known.commands.join(', ')}`,
      remedy: `genoconv ${command && `${command} `}--help shows examples`,
    })
  const lines = message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (lines.length === 0) return new ConfigError({ where, what: 'wrong usage', remedy: help })
  const invalid = /^Argument: ([^,]+), Given: (.*), Choices: (.*)$/.exec(lines[1] ?? '')
  if (invalid) {
    return new ConfigError({
      where: `--${invalid[1]}`,
      what: 'bad value',
      expected: `one of ${invalid[3].replaceAll('"', '')}`,
      got: invalid[2].replaceAll('"', ''),
    })
  }
  const missing = /^Not enough arguments following: (.*)$/.exec(lines[0])
  if (missing) return new ConfigError({ where: `--${missing[1]}`, what: 'needs a value', remedy: help })
  if (lines[0].startsWith('Not enough non-option arguments'))
    return new ConfigError({ where, what: 'something to work on is missing', remedy: help })
  return new ConfigError({ where, what: lines.join(' '), remedy: help })
}

function noCommand(name: string, command: string, names: readonly string[]): ConfigError {
  const closest = nearest(name, names)
  return new ConfigError({
    where: name === command ? 'command line' : command,
    what: `there is no command ${name}`,
    expected: `one of ${names.join(', ')}`,
    remedy: closest && `did you mean ${closest}?`,
  })
}

/** The name within two edits (three for long ones) of `word`, if there is one. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const limit = word.length > 8 ? 3 : 2
  const ranked = names
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0] && ranked[0].distance <= limit && ranked[0].distance < word.length ? ranked[0].name : undefined
}

/** Levenshtein distance, a row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]
}

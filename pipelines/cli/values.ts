import { ConfigError } from '../../src/errors.ts'

const wrong = (option: string, expected: string, got: string): ConfigError =>
  new ConfigError({ where: option, what: 'bad value', expected, got: got || 'nothing' })

/** `1000`, `100k`, `1M`, `1.5M`: bases, in decimal steps. */
export function parseBases(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kKmMgG]?)(?:b|bp)?$/.exec(text.trim().replaceAll(',', ''))
  const bases = match ? Number(match[1]) * { '': 1, k: 1e3, m: 1e6, g: 1e9 }[match[2].toLowerCase()]! : Number.NaN
  if (!Number.isSafeInteger(bases) || bases < 1) throw wrong(option, 'a number of bases such as 1000, 100k or 1M', text)
  return bases
}

/** `4G`, `512M`, `1.5GiB`: bytes, in steps of 1,024 as memory is counted. */
export function parseBytes(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kKmMgGtT]?)(?:i?[bB])?$/.exec(text.trim())
  const bytes = match ? Number(match[1]) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(match[2].toLowerCase()) : Number.NaN
  if (!Number.isFinite(bytes) || bytes < 1) throw wrong(option, 'an amount of memory such as 4G or 512M', text)
  return Math.floor(bytes)
}

export function parseWhole(option: string, text: string, least: number): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value) || value < least) throw wrong(option, `a whole number of at least ${least}`, text)
  return value
}

export const parseFraction = (option: string, text: string, most: number): number => parseNumber(option, text, 0, most)

export function parseNumber(option: string, text: string, least: number, most: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value >= least && value <= most)) throw wrong(option, `a number from ${least} to ${most}`, text)
  return value
}

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

export function parseFraction(option: string, text: string, most: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value >= 0 && value <= most)) throw wrong(option, `a number from 0 to ${most}`, text)
  return value
}

export const showCount = (count: number): string => Math.round(count).toLocaleString('en')

/** `1.5 GiB`, `312 MiB`. */
export function showBytes(bytes: number): string {
  const unit = bytes >= 2 ** 30 ? 'GiB' : bytes >= 2 ** 20 ? 'MiB' : 'KiB'
  const value = bytes / { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 }[unit]
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ${unit}`
}

/** `12.3 s`, `4 min 10 s`, `2 h 5 min`. */
export function showSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

export const showCount = (count: number): string => Math.round(count).toLocaleString('en')

/** `1 record`, `2,500 records`. */
export const showCounted = (count: number, what: string): string =>
  `${showCount(count)} ${what}${count === 1 ? '' : 's'}`

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

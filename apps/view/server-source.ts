import type { Span, ViewSource } from './source.ts'

/** What the server beside this page says; its address is the page's own. */
export function serverSource(): ViewSource {
  const ask = async (name: string, values: Readonly<Record<string, string | number>> = {}) => {
    const search = new URLSearchParams(Object.entries(values).map(([key, value]) => [key, String(value)]))
    const response = await fetch(`api/${name}?${search}`)
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.error)
    return answer
  }
  const spanOf = ({ contig, start, end }: Span) => ({ contig, start, end })
  return {
    info: () => ask('info'),
    show: (span, bins) => ask('show', { ...spanOf(span), bins }),
    peaks: (span) => ask('peaks', spanOf(span)),
    sites: () => ask('sites'),
    find: (text, contig) => ask('find', { text, contig }),
  }
}

// Writes out the loops of a WGSL shader that end at `upTo(n)`:
//
//     for (var i = 0u; i < upTo(4u); i++) {      ->      {
//       v[i] = f(i);                                        v[0u] = f(0u);
//     }                                                   }
//                                                         ... and so for 1u, 2u, 3u
//
// so that arrays are indexed by constants only and compilers make them registers.
const opening = /^( *)for \(var (\w+) = (\d+)u; \2 < upTo\((\d+)u\); \2(?:\+\+| \+= (\d+)u)\) \{$/

/** The shader's text with such loops written out, loops within loops too. */
export function unroll(code) {
  const lines = code.split('\n')
  const out = []
  for (let at = 0; at < lines.length; at++) {
    const [, indent, name, from, to, by = '1'] = opening.exec(lines[at]) ?? []
    if (name === undefined) {
      out.push(lines[at])
      continue
    }
    const end = lines.indexOf(`${indent}}`, at)
    const body = unroll(lines.slice(at + 1, end).join('\n'))
    const variable = new RegExp(`\\b${name}\\b`, 'g')
    for (let i = Number(from); i < Number(to); i += Number(by))
      out.push(`${indent}{`, body.replaceAll(variable, `${i}u`), `${indent}}`)
    at = end
  }
  return out.join('\n')
}

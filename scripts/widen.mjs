/*
 * Blocks of AssemblyScript written once for vectors of 128 bits and, in the wide build, doubled for V8 to join in pairs (see
 * src/kernels/cpu/engine.ts). V8 joins two operations that follow each other, do the same, and whose loads and stores lie side by side
 * with no other store in between; so every statement is doubled by itself.
 *
 *     // wide: 16
 *     for (let i = s; i < end; i += 16) {          for (let i = s; i < end; i += 32) {
 *       const x = v128.load(i)                       const x = v128.load(i), x_ = v128.load(i, 16)
 *       const y = mul(x, w)                          const y = mul(x, w), y_ = mul(x_, w)
 *       v128.store(i, y)                             v128.store(i, y)
 *     }                                              v128.store(i, y_, 16)
 *                                                  }
 *
 * The number says how far the second half of a load or store lies from the first. With 32 the statements of the block make pairs
 * already, and the second pairs of stores come behind all first ones that stand together. A `for` that follows the comment has its step of
 * as many bytes doubled. A statement stands in one line. Splatted loads, and constants, are the same for both halves.
 */

const marker = /^ *\/\/ wide: (\d+)\n/gm

/** The text with all marked blocks doubled. */
export function widen(text, name) {
  let out = ''
  let from = 0
  for (const match of text.matchAll(marker)) {
    const shift = Number(match[1])
    const start = match.index + match[0].length
    const open = text.indexOf(text.slice(start).trimStart().startsWith('for') ? '{\n' : ' {\n', start)
    const bodyStart = text.indexOf('\n', open) + 1
    const bodyEnd = closingBrace(text, text.indexOf('{', open))
    if (open < 0 || bodyEnd < 0) throw new Error(`${name}: '// wide' stands before no block`)
    const header = text.slice(start, bodyStart)
    const wideHeader = header.replace(`+= ${shift})`, `+= ${2 * shift})`)
    if (/^ *for/.test(header) && wideHeader === header)
      throw new Error(`${name}: a wide loop's step is not ${shift}: ${header}`)
    out += text.slice(from, start) + wideHeader
    out += doubled(text.slice(bodyStart, bodyEnd), shift, name)
    from = bodyEnd
  }
  return out + text.slice(from)
}

function closingBrace(text, open) {
  for (let i = open, depth = 0; i < text.length; i++) {
    if (text[i] === '{') depth++
    if (text[i] === '}' && --depth === 0) return i
  }
  return -1
}

/** Splits at commas outside of brackets. */
function parts(list) {
  const found = ['']
  let depth = 0
  for (const c of list) {
    if ('([{'.includes(c)) depth++
    if (')]}'.includes(c)) depth--
    if (c === ',' && depth === 0) found.push('')
    else found[found.length - 1] += c
  }
  return found.map((s) => s.trim())
}

function doubled(body, shift, name) {
  const twins = new Set() // names of vectors that have a second half
  const second = (expression) =>
    movedLoads(expression, shift).replace(/\b[A-Za-z]\w*\b/g, (word, at) =>
      twins.has(word) && expression[at - 1] !== '.' ? `${word}_` : word,
    )
  const isVector = (value, isVariable) =>
    /v128\.load\(/.test(value) ||
    (isVariable && /splat\(0\)/.test(value)) ||
    (value.match(/\b[A-Za-z]\w*\b/g) ?? []).some((word) => twins.has(word))
  const waiting = [] // second halves of stores
  return body
    .split('\n')
    .flatMap((line) => {
      const [, indent, statement] = /^( *)(.*?)(?: *\/\/.*)?$/.exec(line)
      const declaration = /^(const|let) (.*)$/.exec(statement)
      if (declaration && !/^let \w+: usize$/.test(statement)) {
        const items = parts(declaration[2]).flatMap((item) => {
          const [, left, value] = /^(\w+) = (.*)$/.exec(item) ?? []
          if (!left) throw new Error(`${name}: not understood in a wide block: ${line}`)
          if (!isVector(value, declaration[1] === 'let')) return [item]
          const twin = `${left}_ = ${second(value)}`
          twins.add(left)
          return [item, twin]
        })
        return [...waiting.splice(0), `${indent}${declaration[1]} ${items.join(', ')}`]
      }
      const store = /^v128\.store\((.*)\)$/.exec(statement)
      const before = store ? [] : waiting.splice(0)
      if (store) {
        const [address, value, offset] = parts(store[1])
        const twin = `${indent}v128.store(${address}, ${second(value)}, ${offset ? `${offset} + ${shift}` : shift})`
        if (shift === 16) return [line, twin]
        waiting.push(twin)
        return [line]
      }
      const assignment = /^(\w+) = (.*)$/.exec(statement)
      if (assignment && twins.has(assignment[1]))
        return [...before, line, `${indent}${assignment[1]}_ = ${second(assignment[2])}`]
      if (/v128\.load\(/.test(statement)) throw new Error(`${name}: a load that stays alone in a wide block: ${line}`)
      return [...before, line]
    })
    .concat(waiting)
    .join('\n')
}

/** The same expression, its loads `shift` bytes further on. */
function movedLoads(expression, shift) {
  const call = 'v128.load('
  let out = ''
  let from = 0
  for (let at = expression.indexOf(call); at >= 0; at = expression.indexOf(call, from)) {
    let end = at + call.length
    for (let depth = 1; depth > 0; end++) depth += expression[end] === '(' ? 1 : expression[end] === ')' ? -1 : 0
    const [address, offset] = parts(expression.slice(at + call.length, end - 1))
    out += `${expression.slice(from, at)}${call}${address}, ${offset ? `${offset} + ${shift}` : shift})`
    from = end
  }
  return out + expression.slice(from)
}

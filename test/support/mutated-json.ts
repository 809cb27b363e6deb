import fc from 'fast-check'

const junk = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 53,
    1e308,
    -0,
    '',
    '\0',
    '../../x',
    '/x',
    '__proto__',
    [],
    {},
    'both',
  ),
  fc.jsonValue({ maxDepth: 2 }),
  fc.nat(4000),
)
const change = fc.record({
  /** Which of the children to go down to, as fractions, and when to stop. */
  way: fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 5 }),
  how: fc.constantFrom('replace', 'remove', 'repeat', 'add', 'swap'),
  value: junk,
  key: fc.constantFrom('path', 'id', 'name', '__proto__', 'constructor', 'x', '0'),
})

/** A JSON value with some of its parts replaced, removed, repeated, added or exchanged. */
export const mutatedJson = (original: unknown): fc.Arbitrary<unknown> =>
  fc.array(change, { maxLength: 3 }).map((changes) => {
    const root = { value: JSON.parse(JSON.stringify(original)) as unknown }
    for (const { way, how, value, key: added } of changes) {
      const given = structuredClone(value) // `[]` and `{}` are the same ones in every run, and later changes may go into them
      let parent: Record<string, unknown> = root
      let key = 'value'
      for (const fraction of way) {
        const child = parent[key]
        if (typeof child !== 'object' || child === null || Object.keys(child).length === 0) break
        parent = child as Record<string, unknown>
        const keys = Object.keys(parent)
        key = keys[Math.floor(fraction * keys.length)]
      }
      const isList = Array.isArray(parent)
      const list = parent as unknown as unknown[]
      if (how === 'replace') parent[key] = given
      else if (how === 'remove' && isList) {
        list.copyWithin(Number(key), Number(key) + 1) // `splice` would ask a `constructor` that was added
        list.length = Math.max(0, list.length - 1)
      } else if (how === 'remove') delete parent[key]
      else if (how === 'repeat' && isList) list.push(structuredClone(list[Number(key)]))
      else if (how === 'swap' && isList) list.reverse()
      else if (how === 'add') {
        const target = parent[key]
        if (typeof target === 'object' && target !== null)
          Object.defineProperty(target, added, { value: given, enumerable: true, configurable: true, writable: true })
      }
    }
    return root.value
  })

/** What in a shader's SPIR-V keeps compilers from registers, or makes loops dear; read from Dawn's disassembly. */
export interface SpirvFaults {
  /** Access chains into private or function memory by an index that is no constant. */
  readonly dynamicIndices: readonly string[]
  /** Loops that the shader compiler did not prove finite, and gave a 64-bit counter and a second exit. */
  readonly guardedLoops: number
}

export function spirvFaults(disassembly: string): SpirvFaults {
  const lines = disassembly.split('\n')
  const constants = new Set<string>()
  const registers = new Set<string>() // pointers to private or function memory
  const pointerTypes = new Set<string>()
  const dynamicIndices: string[] = []
  let guardedLoops = 0
  for (const [i, line] of lines.entries()) {
    const [, result, op, rest = ''] = /^\s*(%\w+) = (Op\w+) ?(.*)$/.exec(line) ?? []
    if (result === undefined) {
      // The guard's counter is two words, compared with the largest value at the top of the loop.
      if (/^\s*OpLoopMerge/.test(line) && lines.slice(i, i + 10).some((next) => /OpIEqual %v2bool/.test(next)))
        guardedLoops++
      continue
    }
    if (op.startsWith('OpConstant') || op === 'OpSpecConstant') constants.add(result)
    if (op === 'OpTypePointer' && /^(Private|Function) /.test(rest)) pointerTypes.add(result)
    if (op === 'OpVariable' && pointerTypes.has(rest.split(' ')[0])) registers.add(result)
    if (op !== 'OpAccessChain') continue
    const [, base, ...indices] = rest.split(' ')
    if (!registers.has(base)) continue
    registers.add(result)
    if (indices.some((index) => !constants.has(index) && !/^%u?int_\d+$/.test(index))) dynamicIndices.push(line.trim())
  }
  return { dynamicIndices, guardedLoops }
}

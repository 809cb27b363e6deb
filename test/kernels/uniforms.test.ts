import { describe, expect, it } from 'vitest'
import { fftConv, layerNorm } from '../../src/kernels/generated/wgsl.ts'
import { packUniforms, place, type Shader } from '../../src/kernels/webgpu/shader.ts'

const bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]

describe('uniforms by name', () => {
  it('go to the places that the shader gives them, as the types it gives them', () => {
    const input = { channelCount: 3, length: 9, rowStride: 16, offset: 32 }
    const values = { epsilon: 1e-5, length: 9, ...place('input', input), channelCount: 3 }
    expect([...packUniforms(layerNorm, values)]).toEqual([3, 9, 32, 16, bits(1e-5)])
  })

  it('a signed field may be below 0, and an operand that is absent lies nowhere', () => {
    const shader: Shader<'shift' | 'preOffset' | 'preStride'> = {
      code: '',
      fields: ['shift', 'preOffset', 'preStride'],
      areFloats: [false, false, false],
    }
    const packed = packUniforms(shader, { shift: -2, ...place('pre', undefined) })
    expect([...packed]).toEqual([2 ** 32 - 2, 0, 0])
  })

  it('are found in the source, in its order', () => {
    const struct = /struct Params \{([^}]*)\}/.exec(fftConv.code)![1]
    const order = [...struct.matchAll(/(\w+): (\w+),/g)]
    expect(fftConv.fields).toEqual(order.map(([, name]) => name))
    expect(fftConv.areFloats).toEqual(order.map(([, , type]) => type === 'f32'))
    expect(fftConv.fields.length).toBeGreaterThan(30)
  })

  it('a missing or misspelt field does not compile', () => {
    const right = { channelCount: 1, length: 2, inputOffset: 3, inputStride: 4 }
    // @ts-expect-error: epsilon is missing
    packUniforms(layerNorm, right)
    // @ts-expect-error: epsilon is misspelt
    packUniforms(layerNorm, { ...right, epsilom: 5 })
    expect(packUniforms(layerNorm, { ...right, epsilon: 5 })).toHaveLength(5)
  })
})

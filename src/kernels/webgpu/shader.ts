import type { Tensor } from '../tensor.ts'

/** A shader and the fields of its uniform struct `Params`, as scripts/generate.mjs finds them in the .wgsl file. */
export interface Shader<Field extends string = string> {
  readonly code: string
  /** The same with its loops over registers as they stand in the file, where they are written out in `code`. */
  readonly rolled?: string
  /** In the order of the struct. */
  readonly fields: readonly Field[]
  /** Which of them are f32; the others are u32 or i32. */
  readonly areFloats: readonly boolean[]
}

/** A value for each field of a uniform struct. */
export type Uniforms<Field extends string> = { readonly [F in Field]: number }

/** The uniform block as the device reads it. */
export function packUniforms<Field extends string>(shader: Shader<Field>, values: Uniforms<Field>): Uint32Array {
  const { fields, areFloats } = shader
  const words = new Uint32Array(fields.length)
  const floats = new Float32Array(words.buffer)
  for (let i = 0; i < fields.length; i++) (areFloats[i] ? floats : words)[i] = values[fields[i]]
  return words
}

/** Where a tensor lies, as shaders take it: fields `<name>Offset` and `<name>Stride`, 0 where there is none. */
export const place = <Name extends string>(
  name: Name,
  tensor: Tensor | undefined,
): Uniforms<`${Name}Offset` | `${Name}Stride`> =>
  ({ [`${name}Offset`]: tensor?.offset ?? 0, [`${name}Stride`]: tensor?.rowStride ?? 0 }) as Uniforms<
    `${Name}Offset` | `${Name}Stride`
  >

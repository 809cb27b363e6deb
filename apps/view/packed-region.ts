import type { HeldRegion } from './memory-source.ts'

/** A region as text that may stand inside a script element: values as base64 of their bytes. */
export function packRegion(held: HeldRegion): string {
  const values = held.values.map((lane) => toBase64(new Uint8Array(lane.buffer, lane.byteOffset, lane.byteLength)))
  return JSON.stringify({ ...held, values }).replaceAll('<', '\\u003c')
}

export function unpackRegion(text: string): HeldRegion {
  const packed = JSON.parse(text) as Omit<HeldRegion, 'values'> & { readonly values: readonly string[] }
  return { ...packed, values: packed.values.map((lane) => new Float32Array(fromBase64(lane).buffer)) }
}

/** In pieces: a call takes only so many arguments. */
const pieceBytes = 3 * 4096

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += pieceBytes)
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + pieceBytes)))
  return text
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))

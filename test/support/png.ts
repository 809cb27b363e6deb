import { inflateSync } from 'node:zlib'

export interface Image {
  readonly width: number
  readonly height: number
  /** `#rrggbb`; an error where the pixel is not opaque. */
  at(x: number, y: number): string
}

/** Decodes a PNG of 8 bits a channel, with or without alpha, not interlaced. */
export function decodePng(file: Uint8Array): Image {
  const bytes = Buffer.from(file)
  if (bytes.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') throw new Error('no PNG')
  const [width, height, depth, kind] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[24], bytes[25]]
  if (depth !== 8 || (kind !== 2 && kind !== 6) || bytes[28] !== 0) throw new Error(`depth ${depth}, kind ${kind}`)
  const data: Buffer[] = []
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at))
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)))
  const each = kind === 6 ? 4 : 3
  const [packed, row] = [inflateSync(Buffer.concat(data)), width * each]
  const pixels = Buffer.alloc(height * row)
  for (let y = 0; y < height; y++) {
    const filter = packed[y * (row + 1)]
    for (let i = 0; i < row; i++) {
      const at = y * row + i
      const left = i >= each ? pixels[at - each] : 0
      const up = y > 0 ? pixels[at - row] : 0
      const corner = i >= each && y > 0 ? pixels[at - row - each] : 0
      pixels[at] = packed[y * (row + 1) + 1 + i] + [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]
    }
  }
  return {
    width,
    height,
    at(x, y) {
      const at = y * row + x * each
      if (kind === 6 && pixels[at + 3] !== 255) throw new Error(`(${x}, ${y}) is not opaque`)
      return `#${pixels.toString('hex', at, at + 3)}`
    },
  }
}

/** The neighbour that is nearest to their plane, as the PNG specification says. */
function paeth(left: number, up: number, corner: number): number {
  const near = [left, up, corner].map((one) => Math.abs(left + up - corner - one))
  return near[0] <= near[1] && near[0] <= near[2] ? left : near[1] <= near[2] ? up : corner
}

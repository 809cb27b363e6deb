/** CRC-32 as in gzip (RFC 1952), four bytes a step ("slicing by 4"). */

const tables = Array.from({ length: 4 }, () => new Uint32Array(256))
for (let i = 0; i < 256; i++) {
  let value = i
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  tables[0][i] = value
}
for (let i = 0; i < 256; i++) {
  for (let step = 1; step < 4; step++)
    tables[step][i] = (tables[step - 1][i] >>> 8) ^ tables[0][tables[step - 1][i] & 255]
}

/** The CRC-32 of `bytes`, unsigned. */
export function crc32(bytes: Uint8Array): number {
  const [table0, table1, table2, table3] = tables
  const whole = bytes.length - (bytes.length % 4)
  let crc = 0xffffffff
  let i = 0
  for (; i < whole; i += 4) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
    crc = table3[crc & 255] ^ table2[(crc >>> 8) & 255] ^ table1[(crc >>> 16) & 255] ^ table0[crc >>> 24]
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ table0[(crc ^ bytes[i]) & 255]
  return ~crc >>> 0
}

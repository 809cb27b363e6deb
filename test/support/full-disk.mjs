// Loaded before the program (NODE_OPTIONS=--import): files whose names match GENOCONV_FULL_DISK find the disk full, after half of
// what is written to them.
import { Buffer } from 'node:buffer'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const names = new RegExp(process.env.GENOCONV_FULL_DISK ?? '^$')
const { writeFile } = fsPromises
fsPromises.writeFile = async (path, content, ...rest) => {
  if (!names.test(String(path))) return writeFile(path, content, ...rest)
  const bytes = Buffer.from(content)
  await writeFile(path, bytes.subarray(0, bytes.length / 2), ...rest)
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
}
syncBuiltinESMExports()

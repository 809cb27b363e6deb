// `node --import ./scripts/typescript.mjs file.ts` runs the TypeScript sources (types stripped, nothing checked), in worker
// threads too: they inherit the flag. Development and tests only; what ships is compiled by tsc.
import { register } from 'node:module'

register('./typescript-loader.mjs', import.meta.url)

import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandWords } from '../../support/run-program.ts'
import { golden, renamed, tensorsOf, without } from '../../support/golden-weights.ts'
import { f32Tensor, safetensorsFile } from '../../support/safetensors-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genoconv-failures-'))
  await writeFile(join(folder, 'gene.fa'), `>gene\n${'ACGTTGCAGGTAAGT'.repeat(20)}\n`)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs the program as users do, in the folder of the test. */
function run(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, HF_HOME: folder, HF_HUB_OFFLINE: '1', NODE_OPTIONS: '' }
  return new Promise((resolve) => {
    execFile(process.execPath, commandWords(words), { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

const splice = tensorsOf('openspliceai-nano.safetensors')
const whole = golden('openspliceai-nano.pt')
const spoiled = { ...splice, 'final_conv.bias': f32Tensor([3], [0, NaN, 0]) }
const rows: readonly (readonly [string, string, Uint8Array, RegExp])[] = [
  [
    'truncated safetensors',
    'cut.safetensors',
    safetensorsFile(splice).subarray(0, 9000),
    /cut\.safetensors: tensor \S+ goes beyond the end of the file/,
  ],
  ['truncated .pt', 'cut.pt', whole.subarray(0, 9000), /cut\.pt: truncated zip archive/],
  [
    'a tensor is missing',
    'missing.safetensors',
    safetensorsFile(without(splice, /units\.2\.conv1\.bias/)),
    /tensor residual_units\.2\.conv1\.bias: missing/,
  ],
  [
    'a tensor of wrong shape',
    'shape.safetensors',
    safetensorsFile({ ...splice, 'initial_conv.bias': f32Tensor([4], [1, 2, 3, 4]) }),
    /tensor initial_conv\.bias: wrong shape: expected \[3\], got \[4\]/,
  ],
  [
    'a value that is not finite',
    'nan.safetensors',
    safetensorsFile(spoiled),
    /tensor final_conv\.bias: value 1 is not finite/,
  ],
  [
    'not a model',
    'gene.fa',
    new Uint8Array(0),
    /gene\.fa: not a model: expected safetensors, or a file of torch\.save/,
  ],
  [
    'unknown architecture',
    'other.safetensors',
    safetensorsFile(renamed(splice, (name) => `x_${name}`)),
    /other\.safetensors: unknown architecture: expected HyenaDNA/,
  ],
  [
    'pickle with code in it',
    'evil.pt',
    golden('evil.pt'),
    /evil\.pt: pickle with code in it: it refers to posix\.system/,
  ],
  ['an empty file', 'empty.pt', new Uint8Array(0), /empty\.pt: the file is empty/],
]

describe('a model that cannot be run ends predict with one line, exit code 1 and no output', () => {
  it.each(rows)('%s', async (_, name, bytes, message) => {
    if (name !== 'gene.fa') await writeFile(join(folder, name), bytes)
    const before = (await readdir(folder)).sort()
    const { code, stdout, stderr } = await run(
      'predict',
      'gene.fa',
      '--model',
      name,
      '--device',
      'cpu',
      '--threads',
      '1',
      '-o',
      'out.arrow',
    )
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(/^genoconv: /)
    expect(stderr).not.toContain('this was run')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect((await readdir(folder)).sort()).toEqual(before)
  })

  it('a name that is nothing is wrong usage; one that is not cached says that it is offline', async () => {
    const unknown = await run('predict', 'gene.fa', '--model', 'no-such-model', '-o', 'out.arrow')
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toMatch(/--model: unknown model: .*got no-such-model/)
    const uncached = await run('predict', 'gene.fa', '--model', 'Some/repo', '-o', 'out.arrow')
    expect(uncached.code).toBe(1)
    expect(uncached.stderr).toMatch(/Some\/repo: HF_HUB_OFFLINE is set and the model is not in the cache/)
    expect(await readdir(folder)).not.toContain('out.arrow')
  })
})

describe('a model that can', () => {
  it('runs, from every kind of file', async () => {
    await writeFile(join(folder, 'good.safetensors'), safetensorsFile(splice))
    await writeFile(join(folder, 'good.pt'), whole)
    const texts: string[] = []
    for (const name of ['good.safetensors', 'good.pt']) {
      const { code, stderr } = await run(
        'predict',
        'gene.fa',
        '--model',
        name,
        '--device',
        'cpu',
        '--threads',
        '1',
        '-o',
        `${name}.tsv`,
      )
      expect(stderr).toMatch(/SpliceAI family, 4 residual units of 3 channels/)
      expect(code).toBe(0)
      texts.push(await readFile(join(folder, `${name}.tsv`), 'utf8'))
    }
    expect(texts[0].split('\n').length).toBeGreaterThan(300)
    expect(texts[1]).toBe(texts[0])
  })
})

import { execFileSync, spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commandWords, folders, goldenModel, runProgram } from '../../support/run-program.ts'

// Outputs that are not plain new files: links, FIFOs, devices and descriptors. The program itself.

const folder = folders()
const words = ['--device', 'cpu', '--threads', '1', '--model', goldenModel('openspliceai-nano.safetensors')]
const gene = `>gene\n${'ACGTTGCAGGTAAGT'.repeat(40)}\n`
const predict = (cwd: string, output: string, more: readonly string[] = []) =>
  runProgram(['predict', 'a.fa', '-o', output, ...words, ...more], { cwd })
/** `command` is a shell's; "$0" "$@" runs the program. */
const shell = (cwd: string, command: string, args: readonly string[]) =>
  spawnSync('bash', ['-c', command, process.execPath, ...commandWords(args)], { cwd, encoding: 'utf8' })

let whole: Buffer
const files = async (): Promise<{ cwd: string; names: () => string[] }> => {
  const { path: cwd, names } = folder({ 'a.fa': gene })
  if (!whole) {
    await predict(cwd, 'whole.tsv')
    whole = readFileSync(join(cwd, 'whole.tsv'))
    execFileSync('rm', [join(cwd, 'whole.tsv')])
  }
  return { cwd, names }
}

describe('an output that is a symbolic link', () => {
  it('is written through, and stays; its target may exist or not', async () => {
    const { cwd, names } = await files()
    mkdirSync(join(cwd, 'data'))
    writeFileSync(join(cwd, 'data/old.tsv'), 'old')
    for (const target of ['data/old.tsv', 'data/new.tsv']) {
      const link = `${target.slice(5, 8)}.tsv`
      symlinkSync(target, join(cwd, link))
      const { code, stderr } = await predict(cwd, link)
      expect(code, stderr).toBe(0)
      expect(readlinkSync(join(cwd, link))).toBe(target)
      expect(lstatSync(join(cwd, target)).isFile()).toBe(true)
      expect(readFileSync(join(cwd, target)).equals(whole)).toBe(true)
    }
    expect(names()).toEqual(['a.fa', 'data', 'new.tsv', 'old.tsv'])
    expect(execFileSync('ls', ['-A', 'data'], { cwd, encoding: 'utf8' })).toBe('new.tsv\nold.tsv\n')
  })

  it('into a missing folder, or in a circle: one error', async () => {
    const { cwd } = await files()
    symlinkSync('nowhere/out.tsv', join(cwd, 'far.tsv'))
    symlinkSync('b.tsv', join(cwd, 'c.tsv'))
    symlinkSync('c.tsv', join(cwd, 'b.tsv'))
    const far = await predict(cwd, 'far.tsv')
    expect([far.code, far.lines]).toEqual([1, [expect.stringMatching(/far\.tsv: .*\/nowhere does not exist/)]])
    const circle = await predict(cwd, 'b.tsv')
    expect([circle.code, circle.lines]).toEqual([1, [expect.stringMatching(/b\.tsv: the link leads in a circle/)]])
  })
})

describe('streams', () => {
  it('a FIFO, with a reader that comes later; more than its buffer holds', async () => {
    const { cwd, names } = await files()
    execFileSync('mkfifo', ['pipe.tsv'], { cwd })
    writeFileSync(join(cwd, 'a.fa'), `>gene\n${'ACGTTGCAGGTAAGT'.repeat(2000)}\n`)
    await predict(cwd, 'big.tsv')
    const { status, stderr } = shell(cwd, '"$0" "$@" & run=$!; sleep 1; cat pipe.tsv > copy.tsv; wait $run', [
      'predict',
      'a.fa',
      '-o',
      'pipe.tsv',
      ...words,
    ])
    expect(status, stderr).toBe(0)
    expect(readFileSync(join(cwd, 'copy.tsv')).equals(readFileSync(join(cwd, 'big.tsv')))).toBe(true)
    expect(names()).toEqual(['a.fa', 'big.tsv', 'copy.tsv', 'pipe.tsv'])
    expect(lstatSync(join(cwd, 'pipe.tsv')).isFIFO()).toBe(true)
  })

  it('a FIFO without a reader: a signal ends the run', async () => {
    const { cwd } = await files()
    execFileSync('mkfifo', ['pipe.tsv'], { cwd })
    const { code, signal } = await runProgram(['predict', 'a.fa', '-o', 'pipe.tsv', ...words], {
      cwd,
      // It can only be waiting: nobody reads.
      onStart: (child) => void setTimeout(() => child.kill('SIGTERM'), 4000),
    })
    expect(signal === 'SIGTERM' || code === 130).toBe(true)
  })

  it('/dev/stdout, another descriptor, appending, /dev/null', async () => {
    const { cwd, names } = await files()
    const args = (output: string) => ['predict', 'a.fa', '-o', output, '--format', 'tsv', ...words]
    for (const [command, output] of [
      ['"$0" "$@" | cat > out.tsv', '/dev/stdout'],
      ['"$0" "$@" > out.tsv', '/dev/stdout'],
      ['"$0" "$@" 3> out.tsv', '/dev/fd/3'],
    ]) {
      const { status, stderr } = shell(cwd, command, args(output))
      expect(status, stderr).toBe(0)
      expect(readFileSync(join(cwd, 'out.tsv')).equals(whole), command).toBe(true)
    }
    writeFileSync(join(cwd, 'out.tsv'), 'before\n')
    shell(cwd, '"$0" "$@" >> out.tsv', args('/dev/stdout'))
    expect(readFileSync(join(cwd, 'out.tsv'), 'utf8')).toBe(`before\n${whole}`)
    expect((await predict(cwd, '/dev/null', ['--format', 'tsv'])).code).toBe(0)
    expect(names()).toEqual(['a.fa', 'out.tsv'])
  })

  it('/dev/full: exit code 1 and one line, whatever is printed', async () => {
    const { cwd } = await files()
    for (const args of [
      ['--help'],
      ['--version'],
      ['predict', '--help'],
      ['models', 'list'],
      ['models', 'info', '--json'],
      ['devices'],
      ['completion'],
      ['predict', 'a.fa', '-o', '-', '--format', 'tsv', '--quiet', ...words],
      ['predict', 'a.fa', '-o', '/dev/full', '--format', 'tsv', '--quiet', ...words],
    ]) {
      const { status, stderr } = shell(cwd, '"$0" "$@" > /dev/full', args)
      expect([args.join(' '), status]).toEqual([args.join(' '), 1])
      expect(stderr.replaceAll(/^(Warning: | {4}at CheckVk).*\n/gm, '')).toMatch(/^[^\n]*the disk is full[^\n]*\n$/)
    }
  })
})

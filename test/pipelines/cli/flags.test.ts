import { expect, it } from 'vitest'
import { describeError } from '../../../pipelines/cli/exit-codes.ts'
import { inFlags } from '../../../pipelines/cli/flags.ts'
import { createLog } from '../../../pipelines/cli/log.ts'
import { ConfigError, LimitError } from '../../../src/errors.ts'

it('options of the library become flags', () => {
  expect(inFlags('give a smaller `chunk` or a shorter `filterLength`')).toBe(
    'give a smaller --chunk or a shorter --filter-length',
  )
  expect(inFlags('run with `device: cpu`; `resume: true` continues')).toBe('run with --device cpu; --resume continues')
  expect(inFlags('a file `My File.fa`, a dash --- and it`s')).toBe('a file `My File.fa`, a dash --- and it`s')
})

it('an error names its option in both languages', () => {
  const error = new LimitError({ option: 'memory', what: 'too little', expected: 'at least 4M', remedy: 'use `chunk`' })
  expect([error.option, error.where, error.message]).toEqual([
    'memory',
    '`memory`',
    '`memory`: too little: expected at least 4M; use `chunk`',
  ])
  expect(describeError(error)).toBe('--memory: too little: expected at least 4M; use --chunk')
  expect(new ConfigError({ where: 'a.fa line 1', what: 'bad' }).option).toBeUndefined()
})

it.each([{ json: false }, { json: true }])('the log speaks in flags: %j', (options) => {
  const written: string[] = []
  const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
  const log = createLog(options, stream)
  log.info('on cpu (only with `device: gpu`)')
  log.warn('`precision: f16`: no f16')
  log.error(new ConfigError({ option: 'filterLength', what: 'bad value' }))
  const text = written.join('')
  for (const flag of ['only with --device gpu', '--precision f16: no f16', '--filter-length: bad value'])
    expect(text).toContain(flag)
  expect(text).not.toContain('`')
})

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chooseDevice } from '../../../pipelines/device/choose-device.ts'
import {
  calibrationName,
  keepPlanConstants,
  planConstants,
  planConstantsPath,
} from '../../../pipelines/device/plan-constants.ts'
import { ConfigError } from '../../../src/errors.ts'
import { defaultCostConstants } from '../../../src/kernels/long-conv/cost-model.ts'

const measured = { ...defaultCostConstants, tapNs: 100, memoryBytesPerNs: 20 }
const variables = ['XDG_CACHE_HOME', 'GENOCONV_PLAN_CONSTANTS'] as const
let folder: string
let before: (string | undefined)[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genoconv-constants-'))
  before = variables.map((name) => process.env[name])
  process.env['XDG_CACHE_HOME'] = folder
  delete process.env['GENOCONV_PLAN_CONSTANTS']
})
afterEach(async () => {
  variables.forEach((name, i) => {
    if (before[i] === undefined) delete process.env[name]
    else process.env[name] = before[i]
  })
  await rm(folder, { recursive: true })
})

describe('constants of plans', () => {
  it("are the package's until this machine is calibrated", async () => {
    expect(await planConstants()).toEqual({ constants: defaultCostConstants })
    const path = await keepPlanConstants(measured)
    expect(path).toBe(planConstantsPath())
    expect(await planConstants()).toEqual({ constants: measured, path })
  })
  it('of other machines stay in the file', async () => {
    await keepPlanConstants(measured)
    const path = planConstantsPath()
    const stored = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    await writeFile(path, JSON.stringify({ ...stored, 'another CPU': defaultCostConstants }))
    await keepPlanConstants({ ...measured, tapNs: 1 })
    expect(Object.keys(JSON.parse(await readFile(path, 'utf8'))).sort()).toEqual(
      [...Object.keys(stored), 'another CPU'].sort(),
    )
  })
  it("are chosen by GENOCONV_PLAN_CONSTANTS: another file, or the package's", async () => {
    await keepPlanConstants(measured)
    process.env['GENOCONV_PLAN_CONSTANTS'] = 'default'
    expect(await planConstants()).toEqual({ constants: defaultCostConstants })
    process.env['GENOCONV_PLAN_CONSTANTS'] = join(folder, 'none.json')
    await expect(planConstants()).rejects.toThrow(ConfigError)
  })
  it('of a damaged file are refused, by its name', async () => {
    const path = await keepPlanConstants(measured)
    for (const text of [
      '',
      '{',
      JSON.stringify({ cpu: { ...measured, tapNs: 0 } }),
      JSON.stringify({ cpu: { ...measured, radixNs: {} } }),
    ]) {
      await writeFile(path, text)
      await expect(planConstants(), text).rejects.toThrow(path)
    }
  })
  it('decide the plan, and show in the description of the device', async () => {
    const request = { channelCount: 1, length: 10_000, filterLength: 20 }
    const usual = (await chooseDevice('cpu', { threads: 1 })).backend
    await keepPlanConstants(measured)
    const calibrated = (await chooseDevice('cpu', { threads: 1 })).backend
    expect([usual.planLongConv(request).method, calibrated.planLongConv(request).method]).toEqual([
      'direct',
      'transform',
    ])
    expect(usual.description).not.toContain('calibration')
    expect(calibrated.description).toContain(`calibration ${calibrationName(await planConstants())}`)
    await usual.destroy()
    await calibrated.destroy()
  })
})

/**
 * Compiles the listed pipelines with Mesa's compiler for an AMD card that need not be there (RADV makes a device without one;
 * nothing is submitted to it). Run as a program, in a process of its own, by `compileOffline`: Dawn writes each pipeline's
 * SPIR-V to standard output, the driver its statistics to standard error.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { prelude } from '../../src/kernels/webgpu/prelude.ts'
import { listedPipelines, shaderOf } from './gpu-pipelines.ts'

const driver = '/usr/share/vulkan/icd.d/radeon_icd.json'
const marker = '#### pipeline '

export interface CompiledPipeline {
  readonly name: string
  /** Dawn's disassembly. */
  readonly spirv: string
  /** What the driver says of the machine code, e.g. `VGPRs`, `Instructions`, `Latency`. */
  readonly statistics: ReadonlyMap<string, number>
}

/** Why nothing can be compiled here. */
export const offlineSkipReason = existsSync(driver) ? undefined : 'no RADV driver (Debian: mesa-vulkan-drivers)'

/** Environment in which the driver makes a device without a card, which compiles but cannot compute. */
export const withoutCard: Readonly<Record<string, string>> = { VK_DRIVER_FILES: driver, RADV_FORCE_FAMILY: 'polaris10' }

/** Every listed pipeline whose name holds `filter`, compiled. */
export function compileOffline(filter = ''): CompiledPipeline[] {
  const loader = new URL('../../scripts/typescript.mjs', import.meta.url)
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', loader.href, fileURLToPath(import.meta.url), filter],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      env: {
        ...process.env,
        ...withoutCard,
        RADV_DEBUG: 'shaderstats',
        MESA_SHADER_CACHE_DISABLE: '1',
      },
    },
  )
  const spirv = parts(stdout)
  const statistics = parts(stderr)
  if (status !== 0) throw new Error(`compiling failed after ${[...statistics.keys()].at(-1)}:\n${stderr.slice(-2000)}`)
  return [...spirv].map(([name, text]) => ({
    name,
    spirv: text.slice(text.indexOf('Dumped SPIRV disassembly')),
    statistics: new Map(
      [...(statistics.get(name) ?? '').matchAll(/^([A-Za-z][\w -]*): (\d+)$/gm)].map(([, key, n]) => [key, Number(n)]),
    ),
  }))
}

function parts(text: string): Map<string, string> {
  return new Map(
    text
      .split(marker)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('\n')), part]),
  )
}

async function compileAll(filter: string): Promise<void> {
  const { create } = (await import('webgpu')) as unknown as { create: (options: readonly string[]) => GPU }
  const gpu = create(['enable-dawn-features=dump_shaders,allow_unsafe_apis'])
  const adapter = await gpu.requestAdapter()
  if (!adapter) throw new Error('no adapter')
  const { limits } = adapter
  const device = await adapter.requestDevice({
    requiredFeatures: adapter.features.has('shader-f16') ? ['shader-f16'] : [],
    requiredLimits: {
      maxComputeWorkgroupStorageSize: Math.min(49152, limits.maxComputeWorkgroupStorageSize),
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxStorageBuffersPerShaderStage: 8,
    },
  })
  for (const pipeline of listedPipelines) {
    if (!pipeline.name.includes(filter)) continue
    if (pipeline.precision === 'f16' && !device.features.has('shader-f16')) continue
    process.stdout.write(`${marker}${pipeline.name}\n`)
    process.stderr.write(`${marker}${pipeline.name}\n`)
    const module = device.createShaderModule({ code: prelude(pipeline.precision) + shaderOf(pipeline).code })
    const { messages } = await module.getCompilationInfo()
    for (const { type, lineNum, message } of messages)
      if (type === 'error') throw new Error(`line ${lineNum}: ${message}`)
    await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module, entryPoint: pipeline.entry, constants: pipeline.constants },
    })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await compileAll(process.argv[2] ?? '')
  process.exit(0) // Dawn's device for no card is not to be destroyed
}

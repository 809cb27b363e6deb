import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    pool: 'forks',
    // Worker threads started from TypeScript sources run these sources, not a stale build. Without liftoff,
    // V8's quick first compiler, kernels run optimised from the first call: 256-bit vectors are made there (src/kernels/cpu/engine.ts).
    execArgv: ['--no-liftoff', '--import', new URL('scripts/typescript-workers.mjs', import.meta.url).href],
    maxWorkers: 2,
    // What somebody calibrated on this machine must not change what tests compute.
    env: { GENOCONV_PLAN_CONSTANTS: 'default' },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})

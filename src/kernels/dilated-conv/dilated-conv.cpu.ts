import type { CpuKernel } from '../cpu/context.ts'
import { directConv } from './direct.cpu.ts'

export const dilatedConvCpu: CpuKernel<'dilatedConv'> = (a, context) => {
  const { plan } = a
  directConv({ ...a, plan }, context)
}

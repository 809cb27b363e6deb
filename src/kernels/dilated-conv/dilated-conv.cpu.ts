import type { CpuKernel } from '../cpu/steps.ts'
import { directConv } from './direct.cpu.ts'
import { fftDomainConv } from './fft-domain.cpu.ts'

export const dilatedConvCpu: CpuKernel<'dilatedConv'> = (a, context) => {
  const { plan } = a
  if (plan.method === 'direct') directConv({ ...a, plan }, context)
  else fftDomainConv({ ...a, plan }, context)
}

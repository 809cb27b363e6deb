/** One dilated convolution, as far as its cost depends on it. */
export interface DilatedConvRequest {
  readonly inChannels: number
  readonly outChannels: number
  readonly width: number
  readonly dilation: number
  /** Positions produced. */
  readonly length: number
}

/** How it is computed on the CPU, as data. */
export type DilatedConvPlan = DirectPlan

export interface DirectPlan {
  readonly method: 'direct'
  /** Positions computed at a time by one worker. */
  readonly tileLength: number
}

/** The plan of least expected time. */
export function planDilatedConv(request: DilatedConvRequest): DilatedConvPlan {
  return directPlan(request)
}

export function directPlan({ length }: DilatedConvRequest): DirectPlan {
  return { method: 'direct', tileLength: Math.min(1024, Math.max(64, Math.ceil(length / 64) * 8)) }
}

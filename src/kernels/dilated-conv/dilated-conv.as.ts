// The module of the dilated convolution: its parts share one scratch memory.
export { gatherColumns, scatterColumns } from './columns.lib.as'
export { mixSpectra } from './mix.lib.as'
export { multiplyAdd, tilePositions } from './multiply.lib.as'
export { affineLeaky, finishRow } from './pointwise.lib.as'
export { backwardTransform, forwardTransform } from './transform.lib.as'

// The module of the weights' gradients: its parts share one scratch memory.
export { gatherColumns } from '../dilated-conv/columns.lib.as'
export { multiplyAdd, tilePositions } from '../dilated-conv/multiply.lib.as'
export { affineLeaky } from '../dilated-conv/pointwise.lib.as'
export { forwardTransform } from '../dilated-conv/transform.lib.as'
export { addProducts, addSpectra, sumOf } from './outer.lib.as'

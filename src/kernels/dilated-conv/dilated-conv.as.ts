// The module of the dilated convolution: its parts share one scratch memory.
export { multiplyAdd } from './multiply.lib.as'
export { affineLeaky, finishRow } from './pointwise.lib.as'

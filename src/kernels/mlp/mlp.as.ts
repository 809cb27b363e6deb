export { activate, addToRows, multiply, multiplyAdd, normalizeToPanels, packWeights } from '../cpu/matmul.lib.as'

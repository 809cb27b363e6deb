export { activate, addTo, multiply, normalizeToPanels, packWeights, toPanels } from '../cpu/matmul.lib.as'

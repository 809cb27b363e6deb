import { FormatError } from '../../errors.ts'
import { isRecord } from './json.ts'

/** A layer of a Keras model: its class, its settings, and the layers whose outputs it takes. */
export interface KerasLayer {
  readonly name: string
  readonly className: string
  readonly config: Readonly<Record<string, unknown>>
  readonly inputs: readonly string[]
}

/**
 * The layers of the attribute `model_config`. Names say in which order layers were made, not where they stand: follow
 * `inputs` back from `output`.
 *
 * @throws FormatError where it is no such graph
 */
export function parseKerasGraph(
  text: string,
  where: string,
): { readonly layers: ReadonlyMap<string, KerasLayer>; readonly output: string } {
  const fail = (got: string): FormatError =>
    new FormatError({ where: `${where} model_config`, what: 'not a graph of Keras', expected: 'JSON of a Model', got })
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new FormatError({ where: `${where} model_config`, what: 'not JSON', cause })
  }
  const config = isRecord(parsed) ? parsed['config'] : undefined
  if (!isRecord(config) || !Array.isArray(config['layers'])) throw fail('something else')
  const layers = new Map<string, KerasLayer>()
  for (const layer of config['layers'] as unknown[]) {
    if (!isRecord(layer) || typeof layer['name'] !== 'string' || typeof layer['class_name'] !== 'string')
      throw fail('a layer without name or class')
    const settings = layer['config']
    layers.set(layer['name'], {
      name: layer['name'],
      className: layer['class_name'],
      config: isRecord(settings) ? settings : {},
      inputs: inputNames(layer['inbound_nodes']),
    })
  }
  const outputs = config['output_layers']
  const output = Array.isArray(outputs) && Array.isArray(outputs[0]) ? (outputs[0] as unknown[])[0] : undefined
  if (typeof output !== 'string' || !layers.has(output)) throw fail('no output layer')
  return { layers, output }
}

/** `[[["conv1d_1", 0, 0, {}], …]]` -> names. */
function inputNames(nodes: unknown): string[] {
  const first = Array.isArray(nodes) ? (nodes[0] as unknown) : undefined
  if (!Array.isArray(first)) return []
  return first.flatMap((entry: unknown) => (Array.isArray(entry) && typeof entry[0] === 'string' ? [entry[0]] : []))
}

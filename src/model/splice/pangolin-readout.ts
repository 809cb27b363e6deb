import type { PangolinArchitecture } from '../checkpoint.ts'
import type { Track } from '../model.ts'
import type { Readout } from './readout.ts'

/** In the order of the network's outputs. */
const tissues = ['heart', 'liver', 'brain', 'testis'] as const
const rowsPerTissue = 3 // logits of not spliced, spliced; usage
/** Rows of the logits of a network of Pangolin. */
export const pangolinLogitCount = tissues.length * rowsPerTissue

/** A track that a network of Pangolin gives: probability that a base is a splice site, or how much it is used, in a tissue. */
interface Output {
  readonly track: Track
  readonly tissue: string
  /** First of the tissue's rows. */
  readonly row: number
  readonly isUsage: boolean
}

const outputs: readonly Output[] = tissues.flatMap((tissue, i) => [
  {
    track: {
      name: `${tissue}_splice`,
      isDefault: true,
      description: `probability that the base is a splice site in ${tissue}`,
    },
    tissue,
    row: rowsPerTissue * i,
    isUsage: false,
  },
  {
    track: {
      name: `${tissue}_usage`,
      isDefault: true,
      description: `share of transcripts that use the base as a splice site in ${tissue}, by the networks trained for its splice sites`,
    },
    tissue,
    row: rowsPerTissue * i,
    isUsage: true,
  },
])

/** The tracks in the numbering that published files have in their names: `final.<replicate>.<number>.3.v2`. */
export const pangolinTrackNames: readonly string[] = outputs.map(({ track }) => track.name)

/** Tissues that a track of Pangolin's splice probabilities stands for, in the order of the tracks. */
export const tissueOf = (track: string): string | undefined => /^(\w+)_splice$/.exec(track)?.[1]

/**
 * Tracks of an ensemble of Pangolin's networks (Zeng & Li 2022): each is the mean over the networks that were trained for it
 * or, where there are none, for its tissue; a network of which that is not known counts for every tissue.
 */
export function pangolinReadout(members: readonly Pick<PangolinArchitecture, 'trainedFor'>[]): Readout {
  const tracks: Track[] = []
  /** By name: what is read of which networks. */
  const means = new Map<string, { readonly output: Output; readonly networks: readonly number[] }>()
  for (const output of outputs) {
    const networks = contributorsOf(output, members)
    if (networks.length === 0) continue
    const { track } = output
    const ofNetworks = networks.map((network) => `${track.name}/${network}`)
    tracks.push({ ...track, ofNetworks })
    means.set(track.name, { output, networks })
    for (const [i, name] of ofNetworks.entries()) means.set(name, { output, networks: [networks[i]] })
  }
  return {
    tracks,
    values: (logits, names) =>
      Object.fromEntries(
        names.map((name) => {
          const { output, networks } = means.get(name)!
          return [
            name,
            meanOf(
              networks.map((network) => logits[network]),
              output,
            ),
          ]
        }),
      ),
  }
}

/** Places of the networks that a track is the mean of, if any. */
function contributorsOf({ track, tissue, isUsage }: Output, members: readonly { trainedFor?: string }[]): number[] {
  const places = members.map((_, i) => i)
  const own = places.filter((i) => members[i].trainedFor === track.name)
  if (own.length > 0) return own
  const ofTissue = places.filter((i) => isUsage && members[i].trainedFor === `${tissue}_splice`)
  return ofTissue.length > 0 ? ofTissue : places.filter((i) => members[i].trainedFor === undefined)
}

/** `members`: logits [pangolinLogitCount, length] each. */
function meanOf(members: readonly Float32Array[], { row, isUsage }: Output): Float32Array {
  const length = members[0].length / pangolinLogitCount
  const sums = new Float64Array(length)
  const rowOf = (logits: Float32Array, k: number): Float32Array => logits.subarray(k * length, (k + 1) * length)
  for (const logits of members) {
    const [not, spliced, usage] = [rowOf(logits, row), rowOf(logits, row + 1), rowOf(logits, row + 2)]
    // A softmax over two is the logistic function of their difference.
    for (let t = 0; t < length; t++) sums[t] += 1 / (1 + Math.exp(isUsage ? -usage[t] : not[t] - spliced[t]))
  }
  return Float32Array.from(sums, (sum) => sum / members.length)
}

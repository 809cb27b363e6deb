/** Seeded random numbers whose state can be kept and set: xoshiro128** (Blackman and Vigna 2018), seeded by splitmix32. */
export class Random {
  #state: Uint32Array

  constructor(seed: number) {
    let s = seed >>> 0
    this.#state = Uint32Array.from({ length: 4 }, () => {
      s = (s + 0x9e3779b9) >>> 0
      let z = Math.imul(s ^ (s >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    })
  }

  get state(): number[] {
    return [...this.#state]
  }
  set state(state: readonly number[]) {
    this.#state = Uint32Array.from(state)
  }

  /** A whole number below 2^32. */
  #next(): number {
    const s = this.#state
    const turned = Math.imul(s[1], 5)
    const result = Math.imul((turned << 7) | (turned >>> 25), 9) >>> 0
    const t = s[1] << 9
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = (s[3] << 11) | (s[3] >>> 21)
    return result
  }

  /** In [0, 1), 53 bits. */
  uniform(): number {
    return ((this.#next() >>> 5) * 2 ** 26 + (this.#next() >>> 6)) / 2 ** 53
  }

  /** A whole number from `least` up to, not including, `end`. */
  whole(least: number, end: number): number {
    return least + Math.floor(this.uniform() * (end - least))
  }

  /** A place in `cumulative`, ascending sums of weights, each with the chance of its weight. */
  pick(cumulative: Float64Array): number {
    const x = this.uniform() * cumulative[cumulative.length - 1]
    let [low, high] = [0, cumulative.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulative[middle] > x) high = middle
      else low = middle + 1
    }
    return low
  }
}

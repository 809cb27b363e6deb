/**
 * Cuts a row of weights into `count` runs so that the heaviest is as light as can be; gives each run's end (the last are
 * empty where there are fewer weights than runs). Bisection over what the heaviest may weigh: a row fits if filling runs
 * one after the other needs no more than `count` of them.
 */
export function balance(weights: readonly number[], count: number): number[] {
  let least = weights.reduce((a, b) => Math.max(a, b), 0)
  let most = weights.reduce((a, b) => a + b, 0)
  while (least < most) {
    const middle = Math.floor((least + most) / 2)
    if (fill(weights, middle).length <= count) most = middle
    else least = middle + 1
  }
  const ends = fill(weights, least)
  while (ends.length < count) ends.push(weights.length)
  return ends
}

function fill(weights: readonly number[], capacity: number): number[] {
  const ends: number[] = []
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    if (sum + weight > capacity && sum > 0) {
      ends.push(i)
      sum = 0
    }
    sum += weight
  }
  ends.push(weights.length)
  return ends
}

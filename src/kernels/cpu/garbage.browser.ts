/** A browser has no call for it: shared memory that was given up stays until its collector runs. */
export function collectGarbage(): void {}

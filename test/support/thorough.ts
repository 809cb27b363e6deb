/** How often a law is tried: `usual` times, as CI does it, or `thorough` times with GENOCONV_THOROUGH=1. */
export const tries = (usual: number, thorough: number): number =>
  process.env['GENOCONV_THOROUGH'] === '1' ? thorough : usual

#!/usr/bin/env bash
# All that a machine with a GPU is asked, in one call: what it is, the benchmark, every test that uses a GPU.
#
#     scripts/gpu-trial.sh FOLDER [full|small]
#
# FOLDER gets gpu.json (tables: npm run bench -- gpu --tables gpu.json), tables.md, tests.json, log.txt. Needs Node and
# node_modules only, no npm; dist/ and src/kernels/generated as `npm run build` leaves them (or, in a bundle of tracked files
# and dist/, the latter as $GENOCONV_EXTRA/generated). `small` is a rehearsal on a
# software driver, a few minutes. Ends with 1 where a measurement or a test failed, all the rest having been done.
set -uo pipefail
out=${1:?a folder for the results}
size=${2:-full}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# A bundle of tracked files has what is generated beside it.
[ -d src/kernels/generated ] || cp -r "${GENOCONV_EXTRA:-}/generated" src/kernels/ 2>/dev/null || { echo "gpu-trial.sh: no src/kernels/generated; npm run generate makes it" >&2; exit 1; }
[ -f dist/pipelines/cli/main.js ] || { echo "gpu-trial.sh: no dist/; npm run build makes it" >&2; exit 1; }
failed=0
step() {
  local name=$1 seconds=$(($2 * slower))
  shift 2
  local start=$SECONDS status=0
  timeout "$seconds" "$@" >>"$out/log.txt" 2>&1 || status=$?
  [ $status -eq 0 ] || failed=1
  echo "$name: $([ $status -eq 0 ] && echo done || echo "FAILED ($status)") after $((SECONDS - start)) s" | tee -a "$out/log.txt"
}
: >"$out/log.txt"
node --version | tee -a "$out/log.txt"
(nvidia-smi || true) >>"$out/log.txt" 2>&1
bench=(node --import ./scripts/typescript.mjs bench/gpu.ts --size "$size")
# Products and convolutions first: they are what cannot be known otherwise.
# A software driver compiles for minutes what a GPU's compiles in seconds.
[ "$size" = small ] && slower=4 || slower=1
step devices 120 node dist/pipelines/cli/main.js devices
step kernels 300 "${bench[@]}" --parts products,convolution --json "$out/gpu.json"
step program 300 "${bench[@]}" --parts program --json "$out/program.json"
for name in gpu program; do
  [ -f "$out/$name.json" ] && node --import ./scripts/typescript.mjs bench/gpu.ts --tables "$out/$name.json"
done >"$out/tables.md"
if [ "$size" = small ]; then tests=(test/kernels/webgpu-self-check.test.ts test/kernels/embedding.test.ts)
else mapfile -t tests < <(grep -rlE 'forEachBackend|gpuSkipReason' test --include='*.test.ts' | sort); fi
export GENOCONV_REQUIRE_GPU=1 GENOCONV_SKIP_BUILD=built GENOCONV_SLOW_TESTS=1
step tests 900 node node_modules/vitest/vitest.mjs run --reporter=default --reporter=json --outputFile.json="$out/tests.json" "${tests[@]}"
exit $failed

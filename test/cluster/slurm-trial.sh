#!/bin/bash
# A real cluster of one node: Slurm, MUNGE and Snakemake from Debian 12, genoconv's shards as its jobs, one of them killed.
#
#   GENOCONV_CLUSTER_TRIAL=1 test/cluster/slurm-trial.sh [work folder]
#
# As root on a machine of its own (a container will do): it installs packages and starts munged, slurmctld and slurmd on
# loopback, which it ends again. Not part of `npm test`. It needs a build (`npm run build`) and, by default, the chromosome
# 20 of ../shared. Settings:
#   GENOCONV_TRIAL_FASTA, GENOCONV_TRIAL_GENES   FASTA (indexed); SpliceAI's annotation table or a BED file
#   GENOCONV_TRIAL_MODEL                         a model's name or file (default: OpenSpliceAI's 80-base model)
#   GENOCONV_TRIAL_SHARDS                        8
#   GENOCONV_TRIAL_PROGRAM                       how to call genoconv (default: this checkout's build)
# What was measured comes out as lines `name value` at the end. Exit 0: the merged file is predict's, byte for byte.
set -euo pipefail

[ "${GENOCONV_CLUSTER_TRIAL:-}" = 1 ] || { echo 'set GENOCONV_CLUSTER_TRIAL=1: this installs packages and starts daemons' >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:-$(mktemp -d)}
shared=$root/../shared/data
fasta=${GENOCONV_TRIAL_FASTA:-$shared/human/chr20.GRCh37.fa.gz}
genes=${GENOCONV_TRIAL_GENES:-$shared/human/chr20.GRCh37.ensembl110-canonical-lifted.tsv}
model=${GENOCONV_TRIAL_MODEL:-$shared/openspliceai/model_80nt_rs14.pt}
shards=${GENOCONV_TRIAL_SHARDS:-8}
program=${GENOCONV_TRIAL_PROGRAM:-node $root/dist/pipelines/cli/main.js}
threads=1
memory=4096
say() { echo "slurm-trial: $*" >&2; }
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }

command -v sbatch slurmctld slurmd munged snakemake > /dev/null || {
  say 'installing slurm-wlm, munge and snakemake'
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge snakemake
}

# 1. The cluster: one node, loopback, no accounts, folders of its own.
mkdir -p "$work"/{etc,state,spool,munge,log}
export SLURM_CONF=$work/etc/slurm.conf
node=$(hostname -s)
cpus=$(nproc)
cat > "$SLURM_CONF" << END
ClusterName=trial
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/log/slurmctld.log
SlurmdLogFile=$work/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$(($(awk '/MemTotal/ { print $2 }' /proc/meminfo) / 1024 - 512)) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
END
dd if=/dev/urandom of="$work/munge/key" bs=1024 count=1 status=none
chmod 400 "$work/munge/key"
chmod 711 "$work" "$work/munge"
started=()
stop() {
  scancel --quiet --user="$(id -un)" 2> /dev/null || true # of this cluster only: SLURM_CONF says which
  sleep 1
  for pid in "${started[@]}"; do kill "$pid" 2> /dev/null || true; done
}
trap stop EXIT
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
  --log-file="$work/log/munged.log" --seed-file="$work/munge/seed" > "$work/log/munged.out" 2>&1 &
started+=($!)
for _ in $(seq 50); do [ -S "$work/munge/socket" ] && break; sleep 0.2; done
slurmctld -D > "$work/log/slurmctld.out" 2>&1 &
started+=($!)
sleep 2
slurmd -D -N "$node" > "$work/log/slurmd.out" 2>&1 &
started+=($!)
for _ in $(seq 60); do [ "$(sinfo -h -o %T 2> /dev/null)" = idle ] && break; sleep 1; done
sinfo >&2
[ "$(sinfo -h -o %T)" = idle ] || { say "the node did not come up: see $work/log"; tail -n 5 "$work"/log/slurm*.log >&2; exit 1; }

# 2. What is predicted: genes as BED, and the same on one machine, before the cluster is busy.
bed=$work/genes.bed
case $genes in
  *.bed) cp "$genes" "$bed" ;;
  *) awk -F '\t' -v OFS='\t' '!/^#/ { print $2, $4, $5, $1, 0, $3 }' "$genes" > "$bed" ;;
esac
say "$(wc -l < "$bed") regions, $(awk '{ n += $3 - $2 } END { print n }' "$bed") bases, model $model"
common=(--regions "$bed" --model "$model" --device cpu --threads "$threads" --memory "${memory}M")
t=$(now)
[ -s "$work/single.seconds" ] || {
  $program predict "$fasta" "${common[@]}" -o "$work/single.arrow" --quiet
  since "$t" > "$work/single.seconds"
}
single=$(cat "$work/single.seconds")

# 3. The workflow, one shard killed with SIGKILL while it computes.
cat > "$work/config.yaml" << END
genoconv: "$program"
fasta: $fasta
regions: $bed
model: $model
shards: $shards
threads: $threads
memory_mb: $memory
runtime_minutes: 60
device: cpu
run_folder: $work/run
output: $work/merged.arrow
END
kill_one() {
  set +e # what is looked for may not be there yet
  local id pid
  for _ in $(seq 3000); do
    # A shard that has been computing for some seconds: there is a partial file with something in it.
    id=$(find "$work/run/shards" -name '*.partial' -size +64k -printf '%f\n' 2> /dev/null | head -n 1 | cut -d . -f 1)
    for pid in $([ -n "$id" ] && pgrep -f "shard run $work/run/manifest.json $id --device"); do
      # Not the shells around it.
      readlink "/proc/$pid/exe" | grep -q /node$ || continue
      echo "$id $(ps -o etimes= -p "$pid" | tr -d ' ')" > "$work/killed"
      kill -9 "$pid"
      say "killed shard $id (process $pid)"
      return
    done
    sleep 0.2
  done
}
kill_one &
killer=$!
started+=("$killer")
t=$(now)
(cd "$work" && snakemake --snakefile "$root/workflows/snakemake/Snakefile" --profile "$root/workflows/snakemake/profiles/slurm" \
  --configfile "$work/config.yaml" --latency-wait 10) > "$work/log/snakemake.log" 2>&1 || { tail -n 40 "$work/log/snakemake.log" >&2; exit 1; }
cluster=$(since "$t")
wait "$killer" || true
[ -s "$work/killed" ] || { say 'no shard was caught while it ran'; exit 1; }
read -r killed lost < "$work/killed"
grep -q "Error in rule shard" "$work/log/snakemake.log" || { say 'Snakemake saw no failure'; exit 1; }

# 4. The same bytes; and what it cost.
cmp "$work/single.arrow" "$work/merged.arrow"
say 'the merged file is that of one machine, byte for byte'
work_seconds=$(cat "$work"/run/shards/*.json | awk -F '[:,]' '/"seconds"/ { n += $2 } END { printf "%.1f", n }')
cat << END
regions $(wc -l < "$bed")
shards $shards
single_seconds $single
cluster_seconds $cluster
shard_seconds_sum $work_seconds
killed_shard $killed
killed_after_seconds $lost
jobs_submitted $(grep -c 'Submitted job' "$work/log/snakemake.log")
sha256 $(sha256sum < "$work/merged.arrow" | cut -c 1-64)
END

#!/bin/sh
# What Snakemake 7 asks about a job: success, running or failed. scontrol knows a job for some minutes after its end
# (MinJobAge); sacct knows it longer, where the cluster keeps accounts. A controller that does not answer is asked again:
# its silence says nothing of the job.
id=${1%%;*} # sbatch --parsable may add ;cluster
tries=0
while [ "$tries" -lt 10 ]; do
  state=$(scontrol --oneliner show job "$id" 2>/dev/null | sed -n 's/.* JobState=\([A-Z_]*\).*/\1/p' | head -n 1)
  [ -n "$state" ] || state=$(sacct --noheader --parsable2 --allocations --format=State --jobs="$id" 2>/dev/null | head -n 1 | cut -d ' ' -f 1)
  case $state in
    COMPLETED) echo success; exit ;;
    PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | STOPPED | SIGNALING | STAGE_OUT | RESIZING | REQUEUED | REQUEUE_HOLD | SPECIAL_EXIT) echo running; exit ;;
    '') ;;
    *) echo failed; exit ;;
  esac
  tries=$((tries + 1))
  sleep 3
done
# Forgotten by all: the job is over, and Snakemake looks for its files.
echo failed

#!/bin/sh
# Repeats the shipped model: two members, each in two stages, then export, evaluation and card.
#   training/run.sh [data folder] [python]
# The shipped runs had schedules in minutes on a machine that other work shared; here the same schedules are given in
# the steps they came to, so that a repetition does not depend on the machine's load. About 3.5 core-hours in all.
set -eu
cd "$(dirname "$0")/.."
DATA=${1:-../shared/data/human}
PYTHON=${2:-python3}
train() { name=$1; shift; "$PYTHON" training/train.py --data "$DATA" --out "training/runs/$name" "$@"; }
LOCAL="--arch local32f --length 1024 --margin 128 --muon 0.02 --mutate 0.01"
LONG="--arch deep32 --length 4096 --margin 400 --batch 4 --lr 2e-3 --muon 0.02 --trunk-rate 0.4 --mutate 0.01 --recombine 0.2 --mix 0.7,0.25,0.05 --mine 0.02"

member_a() {
  train a1 $LOCAL --seed 11 --steps 2381 --mine 0.2,0.5 --recombine 0.25
  train a2 $LONG --seed 21 --steps 725 --init training/runs/a1/checkpoint.pt
}
member_b() {   # begun without joined exons, stopped, begun again with them
  train b0 $LOCAL --seed 12 --steps 2700 --stop 732 --mine 0.2,0.5
  train b1 $LOCAL --seed 12 --steps 1326 --mine 0.03,0.45 --recombine 0.4 --init training/runs/b0/checkpoint.pt
  train b2 $LONG --seed 22 --steps 707 --use-selection --init training/runs/b1/checkpoint.pt
}
member_a & a=$!
member_b & b=$!
wait $a && wait $b

"$PYTHON" training/export.py --checkpoint training/runs/a2/checkpoint.pt training/runs/b2/checkpoint.pt
evaluate() { source=$1; shift; "$PYTHON" training/evaluate.py "$source" --data "$DATA" "$@"; }
evaluate torch --exported models/splice --json training/runs/held-out.json
evaluate torch --exported models/splice --stretch macrod2 --bootstrap 0 --json training/runs/macrod2.json
evaluate torch --exported models/splice --stretch snap25 --bootstrap 0 --json training/runs/snap25.json
evaluate pwm --json training/runs/pwm.json
"$PYTHON" training/card.py --held-out training/runs/held-out.json --pwm training/runs/pwm.json --gene training/runs/macrod2.json training/runs/snap25.json

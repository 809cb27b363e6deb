#!/bin/sh
# Makes the splice model: one network in two stages, then export, evaluation and card.
#   training/run.sh [data folder] [python]
# A stage that was stopped resumes from its last state (training/runs/*/state.pt).
set -eu
cd "$(dirname "$0")/.."
DATA=${1:-../shared/data/human}
PYTHON=${2:-python3}
train() {
  name=$1; shift
  if [ -f "training/runs/$name/state.pt" ]; then set -- "$@" --resume "training/runs/$name/state.pt"; fi
  "$PYTHON" training/train.py --data "$DATA" --out "training/runs/$name" "$@"
}

train a1 --arch trunk32 --steps 12000 --seed 1
train a2 --arch dilated32 --init training/runs/a1/state.pt --length 4096 --margin 512 --batch 4 --steps 4700 --cooldown 2200 --seed 2

"$PYTHON" training/export.py --checkpoint training/runs/a2/state.pt
evaluate() { source=$1; shift; "$PYTHON" training/evaluate.py "$source" --data "$DATA" "$@"; }
evaluate torch --exported models/splice --json training/runs/held-out.json
evaluate torch --exported models/splice --stretch macrod2 --bootstrap 0 --json training/runs/macrod2.json
evaluate torch --exported models/splice --stretch snap25 --bootstrap 0 --json training/runs/snap25.json
evaluate pwm --json training/runs/pwm.json
"$PYTHON" training/card.py --held-out training/runs/held-out.json --pwm training/runs/pwm.json --gene training/runs/macrod2.json training/runs/snap25.json

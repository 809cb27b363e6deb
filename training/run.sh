#!/bin/sh
# Repeats the shipped model: two members, each in two stages, then export, evaluation and card.
#   training/run.sh [data folder] [python]
set -eu
cd "$(dirname "$0")/.."
DATA=${1:-../shared/data/human}
PYTHON=${2:-python3}
STAGE1="--arch local32f --length 1024 --margin 128 --muon 0.02 --mutate 0.01 --mine 0.2,0.5"

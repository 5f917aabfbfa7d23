#!/bin/sh
# Gradient descent on x^2 / 2 from x = 3, 30 steps: the loss is printed after each of them.
# usage: descend.sh --rate 0.5
set -eu
rate=0.1
while [ $# -gt 0 ]; do
  case "$1" in
    --rate) rate=$2; shift 2 ;;
    *) echo "unknown option: $1" >&2; exit 2 ;;
  esac
done
x=3
step=1
while [ "$step" -le 30 ]; do
  x=$(awk -v x="$x" -v r="$rate" 'BEGIN { printf "%.12g", x - r * x }')
  awk -v x="$x" -v s="$step" 'BEGIN { printf "epoch=%d loss=%.9g\n", s, x * x / 2 }'
  step=$((step + 1))
  sleep 0.05
done

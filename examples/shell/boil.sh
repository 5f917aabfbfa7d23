#!/bin/sh
# A program in another language: how long to boil an egg, judged by a made-up taste score.
# usage: boil.sh --minutes 6.5 --salt 0.3
set -eu
minutes=5
salt=0.1
while [ $# -gt 0 ]; do
  case "$1" in
    --minutes) minutes=$2; shift 2 ;;
    --salt) salt=$2; shift 2 ;;
    *) echo "unknown option: $1" >&2; exit 2 ;;
  esac
done
awk -v m="$minutes" -v s="$salt" 'BEGIN {
  taste = 10 - (m - 6.4) ^ 2 - 8 * (s - 0.35) ^ 2
  printf "taste: %.4f\n", taste
}'

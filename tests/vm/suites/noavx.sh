# SPDX-License-Identifier: MIT
# boots: noavx
# A processor whose 16-byte stores nobody promises to be whole: refused, and nothing forces that.
. tests/vm/tap.sh

start build/tests/vm/pinned refused 0
check 'refused' prints '^avx: no: ' cat $out
check 'nothing to be read' exits 3 $timekeeper ls
plan

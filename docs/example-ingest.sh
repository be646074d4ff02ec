#!/bin/sh
# The whole way from a month's exports to its report, on files that the generator makes:
# sh docs/example-ingest.sh DXREPORT WORK OUT. Everything is made below WORK and OUT.
set -eu
dxreport=$1
work=$2
out=$3

rm -rf "$work"
mkdir -p "$work"
echo "1. A data folder up to August, and September as the platforms would export it:"
$dxreport sample --out "$work/data" --exports "$work/exports"

echo
echo "2. What the first export would change, before it does:"
$dxreport ingest pakn "$work/exports/pakn-2024-09.xlsx" --data "$work/data" --dry-run

echo
echo "3. The exports go in, each whole or not at all:"
$dxreport ingest documents "$work/exports/van-ban-2024-09.xlsx" --data "$work/data"
$dxreport ingest e_copies "$work/exports/chung-thuc-2024-09.xlsx" --data "$work/data"
$dxreport ingest pakn "$work/exports/pakn-2024-09.xlsx" --data "$work/data"
$dxreport ingest procedures "$work/exports/tthc-2024-09.xlsx" --data "$work/data"
$dxreport ingest procedures "$work/exports/tthc-bo-tai-chinh-2024-09.csv" --data "$work/data"

echo
echo "4. The same file again changes nothing:"
$dxreport ingest pakn "$work/exports/pakn-2024-09.xlsx" --data "$work/data"

echo
echo "5. The report, and its facts:"
$dxreport render 2024-09 --data "$work/data" --out "$out"

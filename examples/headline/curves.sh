#!/bin/sh
# All curves: four sweeps of each setting, some 20 processor minutes. What is there is taken up, so
# that it can be interrupted. Options are passed on, such as --effort medium or --dask ADDRESS;
# SETTINGS=equal AXES="rate=0.5,1 cv=0.5,1" before the command draws some of the curves.
set -e
cd "$(dirname "$0")"
mkdir -p curves
for setting in ${SETTINGS:-equal mixed functions}; do
    for axis in ${AXES:-rate=0.25..1.5/6 cv=0.25..1.5/6 slo=0.5..3/6 nodes=2..7/6}; do
        name=$setting-${axis%%=*}
        alpaplan sweep -c cluster.yaml -w "$setting.yaml" --axis "$axis" \
            --method auto --method greedy --method selective-replication --method clockwork++ \
            -o "curves/$name" --plot "$name.svg" --format csv "$@" >"$name.csv"
        echo "$name.svg"
    done
done

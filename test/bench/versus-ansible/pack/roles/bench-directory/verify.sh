#!/bin/sh
. ./lib.sh
as_wanted || { echo "it is not as wanted"; exit 1; }

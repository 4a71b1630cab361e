#!/bin/sh
. ./lib.sh
as_wanted || exit 1

#!/bin/sh
# Upgrades what is installed; never removes a package or adds one. Run again after a kill it goes on where apt stopped.
set -u
transient() { echo "$*" | tee "$FW_DIR/why"; exit 75; }
apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o APT::Update::Error-Mode=any -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"; }

if [ -n "$(dpkg --audit)" ]; then dpkg --configure -a --force-confold || transient "dpkg --configure -a failed"; fi
apt update || transient "apt-get update failed: are the package sources within reach?"
mkdir -p "$FW_DIR/out"
apt-get -s -q upgrade | grep -c '^Inst ' >"$FW_DIR/out/upgraded"
apt upgrade || transient "apt-get upgrade failed"

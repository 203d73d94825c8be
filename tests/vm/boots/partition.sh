# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# Cpu 3 is isolated at run time: alone in the cgroup "measured".
echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/measured
echo 3 >/sys/fs/cgroup/measured/cpuset.cpus
echo isolated >/sys/fs/cgroup/measured/cpuset.cpus.partition

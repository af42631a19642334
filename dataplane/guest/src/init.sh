#!/bin/busybox sh
# Init of the test guest. Configuration comes from the kernel command line: opendvs.hostname=NAME, opendvs.address=ADDRESS/PREFIX
# and opendvs.mtu=BYTES of eth0. After that the guest does what control.c is told on the second serial line.

/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in /lib/modules/*.ko; do insmod "$module"; done

parameter() {
  for word in $(cat /proc/cmdline); do
    case $word in "opendvs.$1="*) echo "${word#*=}" ;; esac
  done
}

hostname "$(parameter hostname)"
# A guest that says nothing by itself: silence in a test is then silence. IPv6 would send router solicitations and listener reports.
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
ip link set lo up
if [ -d /sys/class/net/eth0 ]; then
  mtu=$(parameter mtu)
  address=$(parameter address)
  [ -z "$mtu" ] || ip link set eth0 mtu "$mtu"
  [ -z "$address" ] || ip address add "$address" dev eth0
  ip link set eth0 up
fi
exec control /dev/ttyS1

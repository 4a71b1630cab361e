/** What clients run when something happens: they set the address and write down what they were told. */

/** dhclient's: variables `new_ip_address` and so on; every call adds a line `reason address`. */
export const dhclientScript = (directory: string): string => `#!/bin/sh
echo "$reason $new_ip_address" >> ${directory}/calls
case $reason in
  PREINIT) ip link set "$interface" up ;;
  BOUND|REBOOT|RENEW) env > ${directory}/env; ip addr replace "$new_ip_address/24" dev "$interface" ;;
  EXPIRE|FAIL|RELEASE|STOP) ip addr flush dev "$interface" ;;
esac
exit 0
`;

export const udhcpcScript = (directory: string): string => `#!/bin/sh
echo "$1 $ip" >> ${directory}/calls
case $1 in
  bound|renew) env > ${directory}/env; ip addr replace "$ip/24" dev "$interface" ;;
  deconfig) ip link set "$interface" up; ip addr flush dev "$interface" ;;
esac
exit 0
`;

/**
 * What systemd does for a socket unit with BindToDevice=: a socket a device, bound, broadcasts allowed, handed on as
 * descriptors from 3 on. Arguments: the devices, then \`--\`, then the program.
 */
export const activationScript = `use strict; use Socket; use POSIX ();
my @devices; while (@ARGV) { my $next = shift @ARGV; last if $next eq '--'; push @devices, $next; }
my $fd = 3;
for my $device (@devices) {
  socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die $!;
  setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) or die $!;
  setsockopt($socket, SOL_SOCKET, SO_BROADCAST, 1) or die $!;
  setsockopt($socket, SOL_SOCKET, 25, $device . chr(0)) or die $!;
  bind($socket, sockaddr_in(67, INADDR_ANY)) or die $!;
  POSIX::dup2(fileno($socket), $fd + 20); $fd += 1;
}
for my $index (0 .. $#devices) { POSIX::dup2(23 + $index, 3 + $index); POSIX::close(23 + $index); }
$ENV{LISTEN_FDS} = scalar @devices; $ENV{LISTEN_FDNAMES} = join ':', @devices; $ENV{LISTEN_PID} = $$;
exec @ARGV or die $!;
`;

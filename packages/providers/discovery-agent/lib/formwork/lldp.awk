# One LLDP frame (IEEE 802.1AB) out of a capture file: 24 octets of file header, 16 of the frame's, 14 of Ethernet, then
# parts of 7 bits type, 9 bits length, value. Prints chassis (type 1), port (2) and system name (5) as facts.
function number(hex,   i, n) {
  n = 0
  for (i = 1; i <= length(hex); i++) n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
  return n
}
function text(from, to,   i, n, out) {
  for (i = from; i < to; i++) {
    n = number(octet[i])
    out = out (n >= 32 && n < 127 ? sprintf("%c", n) : "?")
  }
  return out
}
function address(from, to,   i, out) {
  for (i = from; i < to; i++) out = out (i > from ? ":" : "") octet[i]
  return out
}
# The first octet of an identifier says what it is; 4 of a chassis and 3 of a port is a hardware address.
function identifier(from, to, hardware) {
  return number(octet[from]) == hardware ? address(from + 1, to) : text(from + 1, to)
}
{ for (i = 1; i <= NF; i++) octet[count++] = $i }
END {
  at = 54
  while (at + 2 <= count) {
    head = number(octet[at]) * 256 + number(octet[at + 1])
    type = int(head / 512)
    end = at + 2 + head % 512
    if (type == 0 || end > count) break
    if (type == 1 && end > at + 3) printf "%s.chassis\ts\t%s\n", prefix, identifier(at + 2, end, 4)
    if (type == 2 && end > at + 3) printf "%s.port\ts\t%s\n", prefix, identifier(at + 2, end, 3)
    if (type == 5) printf "%s.system\ts\t%s\n", prefix, text(at + 2, end)
    at = end
  }
}

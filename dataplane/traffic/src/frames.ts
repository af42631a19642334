/** Ethernet frames to send at a switch, as bytes without FCS. */
const HEADER_BYTES = 14;
const FRAME_BYTES_MIN = 60;

export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';
export const ETHER_TYPES = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd, test: 0x88b5 } as const;

export interface FrameSpec {
  source: string;
  destination: string;
  /** Default `test`, IEEE's type for local experiments: nobody answers it. */
  type?: keyof typeof ETHER_TYPES;
  /** 802.1Q tag; left out, the frame is untagged. */
  vlanId?: number;
  /** Length of the whole frame; default 60, the least that Ethernet carries. */
  bytes?: number;
}

/** Headers of the given type behind which there are only zeros: the switch looks no further. */
export function frame({
  source,
  destination,
  type = 'test',
  vlanId,
  bytes = FRAME_BYTES_MIN,
}: FrameSpec): Buffer {
  const frameBytes = Buffer.alloc(bytes);
  Buffer.concat([macBytes(destination), macBytes(source), tagBytes(vlanId), typeBytes(type)]).copy(
    frameBytes,
  );
  return frameBytes;
}

export function macBytes(mac: string): Buffer {
  const bytes = Buffer.from(mac.replaceAll(':', ''), 'hex');
  if (bytes.length !== 6) throw new Error(`"${mac}" is not a MAC address`);
  return bytes;
}

const tagBytes = (vlanId: number | undefined) =>
  vlanId === undefined ? Buffer.alloc(0) : Buffer.from([0x81, 0x00, vlanId >> 8, vlanId & 0xff]);

/** The type, and as much of the header behind it as a switch checks. */
function typeBytes(type: keyof typeof ETHER_TYPES): Buffer {
  const value = ETHER_TYPES[type];
  const head = Buffer.from([value >> 8, value & 0xff]);
  if (type === 'arp') return Buffer.concat([head, ARP_REQUEST]);
  return type === 'ipv4' ? Buffer.concat([head, IPV4_HEADER]) : head;
}

/** Ethernet/IPv4, who-has, addresses zero. */
const ARP_REQUEST = Buffer.from('0001080006040001', 'hex');
/** 20 bytes, UDP, 0.0.0.0 → 255.255.255.255, checksum right for a total length of 46. */
const IPV4_HEADER = ipv4Header(FRAME_BYTES_MIN - HEADER_BYTES);

function ipv4Header(totalBytes: number): Buffer {
  const header = Buffer.from('450000000000000040110000000000' + '00ffffffff', 'hex');
  header.writeUInt16BE(totalBytes, 2);
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  header.writeUInt16BE(~sum & 0xffff, 10);
  return header;
}

import { randomBytes } from 'node:crypto';

/**
 * Generated addresses are unicast and locally administered (IEEE 802-2014, 8.4): two fixed octets of OpenDVS and 32 random bits, so that a
 * second address that is already there is rarer than one in a hundred thousand on a switch with 40,000 ports; the database refuses it, and another is drawn.
 */
const PREFIX = '0a:d5';

export function generateMacAddress(): string {
  const octets = [...randomBytes(4)].map((octet) => octet.toString(16).padStart(2, '0'));
  return [PREFIX, ...octets].join(':');
}

/** Why it can't be the address of a VM's NIC, or null when it can. Upper case is accepted. */
export function macAddressReason(value: string): string | null {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value))
    return 'must be a MAC address such as 0a:d5:00:12:34:56';
  if (value === '00:00:00:00:00:00') return 'must not be all zeros';
  const isGroup = (Number.parseInt(value.slice(0, 2), 16) & 1) === 1;
  return isGroup ? 'must be a unicast address: the second digit must be even' : null;
}

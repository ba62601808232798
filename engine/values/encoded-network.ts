/**
 * inet, cidr, macaddr, macaddr8. The values are texts that have the order of what they mean:
 *
 *   inet, cidr   family '4' or '6', the bits of the network as '0' and '1', '!', the bits of the host
 *   macaddr      12 hexadecimal digits      macaddr8   16
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badParameter, badSyntax } from './errors.ts';
import type { Implementation } from './functions.ts';
import { type Int8, int8Of } from './integers.ts';

interface Address {
  readonly six: boolean;
  /** Of the network. */
  readonly bits: number;
  readonly value: bigint;
}

const sizeOf = ({ six }: Address): number => (six ? 128 : 32);

export function addressOf(encoded: string): Address {
  const end = encoded.indexOf('!');
  return { six: encoded[0] === '6', bits: end - 1, value: BigInt(`0b0${encoded.slice(1, end)}${encoded.slice(end + 1)}`) };
}
export function encodeAddress(address: Address): string {
  const digits = address.value.toString(2).padStart(sizeOf(address), '0');
  return `${address.six ? '6' : '4'}${digits.slice(0, address.bits)}!${digits.slice(address.bits)}`;
}

/** Ones where the network is. */
const networkMask = (address: Address): bigint => {
  const host = BigInt(sizeOf(address) - address.bits);
  return (((1n << BigInt(sizeOf(address))) - 1n) >> host) << host;
};
const hostMask = (address: Address): bigint => (1n << BigInt(sizeOf(address) - address.bits)) - 1n;

function readFour(text: string, isNetwork: boolean): Address | null {
  const match = /^(\d{1,3}(?:\.\d{1,3}){0,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const parts = match[1].split('.').map(Number);
  if (parts.some((part) => part > 255) || (parts.length < 4 && !isNetwork && match[2] === undefined)) return null;
  let bits = match[2] === undefined ? 32 : Number(match[2]);
  if (match[2] === undefined && isNetwork && parts.length < 4) bits = classBits(parts);
  if (bits > 32) return null;
  while (parts.length < 4) parts.push(0);
  return { six: false, bits, value: BigInt(parts.reduce((sum, part) => sum * 256 + part, 0)) };
}

/** What a network of old classes has, but for what is written. */
function classBits(parts: readonly number[]): number {
  const [first] = parts;
  const byClass = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
  return Math.max(byClass, parts.length * 8);
}

function readSix(text: string): Address | null {
  const match = /^([\da-fA-F:]*)(?::(\d+\.\d+\.\d+\.\d+))?(?:\/(\d{1,3}))?$/.exec(text);
  if (match === null || !match[0].includes(':')) return null;
  let words = match[1];
  if (match[2] !== undefined) {
    const four = readFour(match[2], false);
    if (four === null) return null;
    const tail = `${(four.value >> 16n).toString(16)}:${(four.value & 0xffffn).toString(16)}`;
    words = words === '' || words.endsWith(':') ? `${words}:${tail}` : `${words}:${tail}`;
  }
  const halves = words.split('::');
  if (halves.length > 2) return null;
  const [before, after = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const count = before.length + after.length;
  if (halves.length === 1 ? count !== 8 : count > 7) return null;
  const all = [...before, ...new Array<string>(8 - count).fill('0'), ...after];
  if (all.some((word) => !/^[\da-fA-F]{1,4}$/.test(word))) return null;
  const bits = match[3] === undefined ? 128 : Number(match[3]);
  if (bits > 128) return null;
  return { six: true, bits, value: all.reduce((sum, word) => sum * 65536n + BigInt(`0x${word}`), 0n) };
}

function readAddress(text: string, type: string): Address {
  const address = text.includes(':') ? readSix(text) : readFour(text, type === 'cidr');
  if (address === null) throw badSyntax(type, text);
  return address;
}

export const readInet = (text: string): string => encodeAddress(readAddress(text, 'inet'));
export function readCidr(text: string): string {
  const address = readAddress(text, 'cidr');
  if ((address.value & hostMask(address)) !== 0n) {
    throw new SqlError(SQLSTATE.invalid_text_representation, `invalid cidr value: "${text}"`, {
      detail: 'Value has bits set to right of mask.',
    });
  }
  return encodeAddress(address);
}

/** The longest run of zeros, of two words at least, is left out. */
function sixText(value: bigint): string {
  const words = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - index * 16)) & 0xffffn));
  if (words.slice(0, 5).every((word) => word === 0) && (words[5] === 0xffff || (words[5] === 0 && words[6] !== 0))) {
    return `::${words[5] === 0xffff ? 'ffff:' : ''}${fourText(value & 0xffffffffn)}`;
  }
  let best = -1;
  let length = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && words[end] === 0) end++;
    if (end - start > length) [best, length] = [start, end - start];
  }
  const shown = words.map((word) => word.toString(16));
  if (best < 0) return shown.join(':');
  return `${shown.slice(0, best).join(':')}::${shown.slice(best + length).join(':')}`;
}
const fourText = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
const hostText = ({ six, value }: Address): string => (six ? sixText(value) : fourText(value));

const fullText = (address: Address): string => `${hostText(address)}/${address.bits}`;
export function writeInet(encoded: string): string {
  const address = addressOf(encoded);
  return address.bits === sizeOf(address) ? hostText(address) : fullText(address);
}
export const writeCidr = (encoded: string): string => fullText(addressOf(encoded));

/** Only the words that the network needs; among them the longest run of zeros is left out. */
function sixAbbreviated({ bits, value }: Address): string {
  if (bits === 0) return '::';
  const count = Math.ceil(Math.max(Math.ceil(bits / 8), 2) / 2);
  const words = Array.from({ length: count }, (_, index) => Number((value >> BigInt(112 - index * 16)) & 0xffffn));
  let best = -1;
  let length = 0;
  for (let start = 0; start < count; start++) {
    let end = start;
    while (end < count && words[end] === 0) end++;
    if (end - start > length) [best, length] = [start, end - start];
  }
  let text = '';
  for (const [index, word] of words.entries()) {
    if (index >= best && index < best + length) {
      if (index === best) text += ':';
      if (index === count - 1) text += ':';
    } else text += `${text === '' ? '' : ':'}${word.toString(16)}`;
  }
  return text;
}

/** A network without the bytes that it does not need. */
function abbreviated(encoded: string): string {
  const address = addressOf(encoded);
  if (address.six) return `${sixAbbreviated(address)}/${address.bits}`;
  const bytes = Math.max(Math.ceil(address.bits / 8), 1);
  return `${fourText(address.value).split('.').slice(0, bytes).join('.')}/${address.bits}`;
}

function withBits(encoded: string, bits: number, isNetwork: boolean): string {
  const address = addressOf(encoded);
  const size = sizeOf(address);
  const wanted = bits === -1 ? size : bits;
  if (wanted < 0 || wanted > size) throw badParameter(`invalid mask length: ${bits}`);
  const changed = { ...address, bits: wanted };
  return encodeAddress(isNetwork ? { ...changed, value: changed.value & networkMask(changed) } : changed);
}

const changed = (encoded: string, change: (address: Address) => Partial<Address>): string => {
  const address = addressOf(encoded);
  return encodeAddress({ ...address, ...change(address) });
};

function combined(a: string, b: string, what: string, combine: (x: bigint, y: bigint) => bigint): string {
  const [left, right] = [addressOf(a), addressOf(b)];
  if (left.six !== right.six) throw badParameter(`cannot ${what} inet values of different sizes`);
  return encodeAddress({ six: left.six, bits: Math.max(left.bits, right.bits), value: combine(left.value, right.value) });
}

function moved(encoded: string, by: Int8): string {
  const address = addressOf(encoded);
  const value = address.value + BigInt(by);
  if (value < 0n || value >= 1n << BigInt(sizeOf(address)))
    throw new SqlError(SQLSTATE.numeric_value_out_of_range, 'result is out of range');
  return encodeAddress({ ...address, value });
}
function distance(a: string, b: string): Int8 {
  const [left, right] = [addressOf(a), addressOf(b)];
  if (left.six !== right.six) throw badParameter('cannot subtract inet values of different sizes');
  const value = left.value - right.value;
  if (value !== BigInt.asIntN(64, value)) throw new SqlError(SQLSTATE.numeric_value_out_of_range, 'result is out of range');
  return int8Of(value);
}

/** Whether a's network is b's or lies in it. */
function isWithin(a: string, b: string, orEqual: boolean): boolean {
  const [left, right] = [addressOf(a), addressOf(b)];
  if (left.six !== right.six || left.bits < right.bits || (!orEqual && left.bits === right.bits)) return false;
  return (left.value & networkMask(right)) === (right.value & networkMask(right));
}

function merged(a: string, b: string): string {
  const [left, right] = [addressOf(a), addressOf(b)];
  if (left.six !== right.six) throw badParameter('cannot merge addresses from different families');
  let bits = Math.min(left.bits, right.bits);
  const size = BigInt(sizeOf(left));
  while (bits > 0 && left.value >> (size - BigInt(bits)) !== right.value >> (size - BigInt(bits))) bits--;
  const network = { six: left.six, bits, value: left.value };
  return encodeAddress({ ...network, value: left.value & networkMask(network) });
}

const table: { [primitive: string]: Implementation } = {
  'inet.abbrev': writeInet,
  'cidr.abbrev': abbreviated,
  'inet.broadcast': (value: string) => changed(value, (one) => ({ value: one.value | hostMask(one) })),
  'inet.family': (value: string) => (addressOf(value).six ? 6 : 4),
  'inet.host': (value: string) => hostText(addressOf(value)),
  'inet.to.text': (value: string) => fullText(addressOf(value)),
  'inet.text': (value: string) => fullText(addressOf(value)),
  'inet.hostmask': (value: string) => changed(value, (one) => ({ value: hostMask(one), bits: sizeOf(one) })),
  'inet.netmask': (value: string) => changed(value, (one) => ({ value: networkMask(one), bits: sizeOf(one) })),
  'inet.network': (value: string) => changed(value, (one) => ({ value: one.value & networkMask(one) })),
  'inet.masklen': (value: string) => addressOf(value).bits,
  'inet.setMasklen': (value: string, bits: number) => withBits(value, bits, false),
  'cidr.setMasklen': (value: string, bits: number) => withBits(value, bits, true),
  'inet.sameFamily': (a: string, b: string) => a[0] === b[0],
  'inet.merge': merged,
  'inet.to.cidr': (value: string) => changed(value, (one) => ({ value: one.value & networkMask(one) })),
  'cidr.to.inet': (value: string) => value,
  'inet.add': moved,
  'int8.add.inet': (by: Int8, value: string) => moved(value, by),
  'inet.sub.int8': (value: string, by: Int8) => moved(value, int8Of(-BigInt(by))),
  'inet.sub': distance,
  'inet.bitNot': (value: string) => changed(value, (one) => ({ value: ((1n << BigInt(sizeOf(one))) - 1n) ^ one.value })),
  'inet.bitAnd': (a: string, b: string) => combined(a, b, 'AND', (x, y) => x & y),
  'inet.bitOr': (a: string, b: string) => combined(a, b, 'OR', (x, y) => x | y),
  'inet.within': (a: string, b: string) => isWithin(a, b, false),
  'inet.withinOrEqual': (a: string, b: string) => isWithin(a, b, true),
  'inet.contains': (a: string, b: string) => isWithin(b, a, false),
  'inet.containsOrEqual': (a: string, b: string) => isWithin(b, a, true),
  'inet.overlaps': (a: string, b: string) => isWithin(a, b, true) || isWithin(b, a, true),
};

// ---- macaddr ----

const MAC = [
  /^([\da-f]{1,2})[:-]([\da-f]{1,2})[:-]([\da-f]{1,2})[:-]([\da-f]{1,2})[:-]([\da-f]{1,2})[:-]([\da-f]{1,2})$/i,
  /^([\da-f]{2})([\da-f]{2})([\da-f]{2})[:-]?([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i,
  /^([\da-f]{2})([\da-f]{2})[.-]([\da-f]{2})([\da-f]{2})[.-]([\da-f]{2})([\da-f]{2})$/i,
];
export function readMac(text: string): string {
  for (const form of MAC) {
    const match = form.exec(text.trim());
    if (match !== null)
      return match
        .slice(1)
        .map((part) => part.toLowerCase().padStart(2, '0'))
        .join('');
  }
  throw badSyntax('macaddr', text);
}
export function readMac8(text: string): string {
  const digits = text.trim();
  const isSeparated = /^[\da-f]{2}(?:[:.-]?[\da-f]{2}){5}(?:(?:[:.-]?[\da-f]{2}){2})?$/i.test(digits);
  const separators = new Set(digits.replaceAll(/[\da-f]/gi, ''));
  if (!isSeparated || separators.size > 1) throw badSyntax('macaddr8', text);
  const plain = digits.replaceAll(/[:.-]/g, '').toLowerCase();
  return plain.length === 12 ? `${plain.slice(0, 6)}fffe${plain.slice(6)}` : plain;
}
export const writeMac = (value: string): string => (value.match(/../g) as string[]).join(':');

const bitwise = (a: string, b: string, combine: (x: bigint, y: bigint) => bigint): string =>
  combine(BigInt(`0x${a}`), BigInt(`0x${b}`))
    .toString(16)
    .padStart(a.length, '0');

for (const type of ['macaddr', 'macaddr8']) {
  table[`${type}.bitAnd`] = (a: string, b: string) => bitwise(a, b, (x, y) => x & y);
  table[`${type}.bitOr`] = (a: string, b: string) => bitwise(a, b, (x, y) => x | y);
  table[`${type}.bitNot`] = (a: string) => bitwise(a, 'f'.repeat(a.length), (x, y) => x ^ y);
  table[`${type}.trunc`] = (a: string) => a.slice(0, 6).padEnd(a.length, '0');
}
table['macaddr.to.macaddr8'] = (value: string) => `${value.slice(0, 6)}fffe${value.slice(6)}`;
table['macaddr8.to.macaddr'] = (value: string) => {
  if (value.slice(6, 10) !== 'fffe') {
    throw new SqlError(SQLSTATE.numeric_value_out_of_range, 'macaddr8 data out of range to convert to macaddr', {
      hint: 'Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.',
    });
  }
  return value.slice(0, 6) + value.slice(10);
};
table['macaddr8.set7bit'] = (value: string) =>
  (Number.parseInt(value.slice(0, 2), 16) | 2).toString(16).padStart(2, '0') + value.slice(2);

export const networkFunctions: { readonly [primitive: string]: Implementation } = table;

/** pg_size_pretty: a number of bytes in the largest unit in which at least 10 (rounded by half) remain; pg_size_bytes, its inverse. */

import { Decimal, multiplyDecimals, parseDecimalText, roundTo } from './decimal.ts';
import { badParameter } from './errors.ts';
import { type Int8, int8Of } from './integers.ts';

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];

const halfUp = (value: bigint): bigint => (value < 0n ? (value - 1n) / 2n : (value + 1n) / 2n);
const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

export function sizePretty(bytes: bigint): string {
  if (magnitude(bytes) < 10240n) return `${bytes} bytes`;
  // One bit more than the unit is kept, so that the last step rounds.
  let size = bytes / 512n;
  let unit = 1;
  while (magnitude(size) >= 20480n - 1n && unit < UNITS.length - 1) {
    size /= 1024n;
    unit++;
  }
  return `${halfUp(size)} ${UNITS[unit]}`;
}

const SIZE = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z]*)\s*$/i;
const UNIT_NAMES = ['b', 'kb', 'mb', 'gb', 'tb', 'pb'];

/** pg_size_bytes: number of bytes that a size like '1.5 GB' stands for. 22023; 22003 past 64 bits. */
export function sizeBytes(text: string): Int8 {
  const match = SIZE.exec(text);
  const word = match?.[2].toLowerCase() ?? '';
  const unit = word === '' || word === 'bytes' ? 0 : UNIT_NAMES.indexOf(word);
  if (match === null) throw badParameter(`invalid size: "${text}"`);
  if (unit < 0) throw badParameter(`invalid size: "${text}"`, 'Valid units are "bytes", "B", "kB", "MB", "GB", "TB", and "PB".');
  const bytes = multiplyDecimals(parseDecimalText(match[1]), new Decimal(1024n ** BigInt(unit), 0));
  return int8Of(roundTo(bytes, 0).units);
}

/** pg_size_pretty: a number of bytes in the largest unit in which at least 10 (rounded by half) remain. */

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

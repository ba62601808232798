/** Primitives that functions of extensions are made of (engine/catalog/extensions.ts): digests, and uuids by time and by name. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { nodeCrypto } from '../../shm/node-modules.ts';
import type { ValueContext } from './context.ts';
import type { Implementation } from './functions.ts';

const ALGORITHMS = new Set(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']);
const RANDOM_BYTES_MAX = 1024;

/** 22023 */
function algorithm(name: string): string {
  const folded = name.toLowerCase().replace(/^sha-/, 'sha');
  if (ALGORITHMS.has(folded)) return folded;
  throw new SqlError(SQLSTATE.invalid_parameter_value, `Cannot use "${name}": No such hash algorithm`);
}

const own = (data: Uint8Array): Uint8Array => new Uint8Array(data);

function dashed(data: Uint8Array): string {
  const digits = Buffer.from(data).toString('hex');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20, 32)].join('-');
}

/** Version and variant (RFC 4122) over what the bytes hold. */
function marked(data: Uint8Array, version: number): string {
  const uuid = data.slice(0, 16);
  uuid[6] = (version << 4) | (uuid[6] & 0x0f);
  uuid[8] = 0x80 | (uuid[8] & 0x3f);
  return dashed(uuid);
}

/** The node of this process: by chance, with the bit that no network card has; the clock's sequence, too. */
let node: Uint8Array | null = null;
let lastTick = 0n;

/** 100 ns since 1582; those that come within one microsecond are counted on. */
function uuidByTime(context: ValueContext): string {
  node ??= nodeCrypto().randomBytes(8);
  const data = new Uint8Array(16);
  const now = BigInt(Math.floor(context.clock())) * 10n + 122_192_928_000_000_000n;
  const ticks = now > lastTick ? now : lastTick + 1n;
  lastTick = ticks;
  const view = new DataView(data.buffer);
  view.setUint32(0, Number(ticks & 0xffffffffn));
  view.setUint16(4, Number((ticks >> 32n) & 0xffffn));
  view.setUint16(6, Number((ticks >> 48n) & 0x0fffn));
  data.set(node, 8);
  data[10] |= 1;
  return marked(data, 1);
}

/** Version 3 hashes by MD5, 5 by SHA-1. */
function uuidByName(namespace: string, name: string, version: number): string {
  const hash = nodeCrypto().createHash(version === 3 ? 'md5' : 'sha1');
  return marked(
    hash
      .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
      .update(name)
      .digest(),
    version,
  );
}

function randomBytes(count: number): Uint8Array {
  if (count < 1 || count > RANDOM_BYTES_MAX) throw new SqlError('39000', 'Length not in range');
  return own(nodeCrypto().randomBytes(count));
}

export const extensionFunctions: { readonly [primitive: string]: Implementation } = {
  'bytea.digest': (data: Uint8Array, type: string) => own(nodeCrypto().createHash(algorithm(type)).update(data).digest()),
  'bytea.hmac': (data: Uint8Array, key: Uint8Array, type: string) =>
    own(nodeCrypto().createHmac(algorithm(type), key).update(data).digest()),
  'bytea.random': randomBytes,
  'uuid.byTime': uuidByTime,
  'uuid.byName': uuidByName,
};

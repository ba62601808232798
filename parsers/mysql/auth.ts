/**
 * Who a client is: passwords as MySQL's clients show them. What is kept of a password (C4), two parts with a colon between:
 *
 *   native          hex(SHA1(SHA1(password)))
 *   caching_sha2    $A$<salt>$<PBKDF2-HMAC-SHA256 of the password>, both in base64
 *
 * The exchanges (dev.mysql.com/doc/dev/mysql-server, 'Authentication Method'); `nonce`: 20 bytes of the server's:
 *
 *   mysql_native_password    client: SHA1(password) xor SHA1(nonce + SHA1(SHA1(password)))
 *   caching_sha2_password    client: SHA256(password) xor SHA256(SHA256(SHA256(password)) + nonce)
 *       SHA256(SHA256(password)) is known: 3, and the client is in (fast).   Not known: 4, and the client sends the password (full):
 *       as it is over TLS; else it asks for the server's key (2), and sends RSA-OAEP(password xor nonce).
 *
 * What fast needs is never on disk: a process learns it from a full exchange, and forgets it with the verifier.
 */

import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  pbkdf2Sync,
  privateDecrypt,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

export const NATIVE = 'mysql_native_password';
export const CACHING = 'caching_sha2_password';
export const NONCE_BYTES = 20;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const ITERATIONS = 5000;
const RSA_BITS = 2048;
const KNOWN_MAX = 1000;

const hash = (name: string, ...parts: readonly Uint8Array[]): Buffer => {
  const digest = createHash(name);
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const sha1 = (...parts: readonly Uint8Array[]): Buffer => hash('sha1', ...parts);
const sha256 = (...parts: readonly Uint8Array[]): Buffer => hash('sha256', ...parts);

function xor(a: Uint8Array, b: Uint8Array): Buffer {
  const result = Buffer.alloc(a.length);
  for (let at = 0; at < a.length; at++) result[at] = a[at] ^ b[at % b.length];
  return result;
}

/** A nonce has no zero byte: one ends it. */
export function makeNonce(): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  for (let at = 0; at < nonce.length; at++) nonce[at] = (nonce[at] % 127) + 1;
  return nonce;
}

const stretched = (password: string, salt: Buffer): Buffer => pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, 'sha256');

/** Of a new password. */
export function makeVerifier(password: string, salt = randomBytes(SALT_BYTES)): string {
  const native = sha1(sha1(Buffer.from(password))).toString('hex');
  return `${native}:$A$${salt.toString('base64')}$${stretched(password, salt).toString('base64')}`;
}

interface Verifier {
  readonly native: Buffer;
  readonly salt: Buffer;
  readonly stretched: Buffer;
}

function readVerifier(text: string | null): Verifier | null {
  const match = /^([\da-f]{40}):\$A\$([^$]+)\$([^$]+)$/.exec(text ?? '');
  if (match === null) return null;
  return {
    native: Buffer.from(match[1], 'hex'),
    salt: Buffer.from(match[2], 'base64'),
    stretched: Buffer.from(match[3], 'base64'),
  };
}

/** The client's answer to mysql_native_password is right. */
export function fitsNative(answer: Buffer, nonce: Buffer, text: string | null): boolean {
  const verifier = readVerifier(text);
  if (verifier === null || answer.length !== verifier.native.length) return false;
  return timingSafeEqual(sha1(xor(answer, sha1(nonce, verifier.native))), verifier.native);
}

/** SHA256(SHA256(password)) by verifier, as far as full exchanges have shown it. */
const known = new Map<string, Buffer>();

/** Of caching_sha2_password, fast: right, wrong, or the password has to be shown. */
export function fitsFast(answer: Buffer, nonce: Buffer, text: string | null): boolean | 'full' {
  const twice = text === null ? undefined : known.get(text);
  if (twice === undefined || answer.length !== KEY_BYTES) return 'full';
  return timingSafeEqual(sha256(xor(answer, sha256(twice, nonce))), twice);
}

/** The password is right: the next exchange may be fast. */
export function fitsPassword(password: string, text: string | null): boolean {
  const verifier = readVerifier(text);
  const salt = verifier?.salt ?? Buffer.alloc(SALT_BYTES);
  const fits = timingSafeEqual(stretched(password, salt), verifier?.stretched ?? randomBytes(KEY_BYTES));
  if (!fits || text === null) return false;
  if (known.size === KNOWN_MAX) known.clear();
  known.set(text, sha256(sha256(Buffer.from(password))));
  return true;
}

// ---- passwords that are encrypted with the server's key ----

let keys: { readonly publicKey: string; readonly privateKey: KeyObject } | null = null;

/** Made when a client first asks for it: it takes a tenth of a second. */
function serverKeys() {
  if (keys === null) {
    const pair = generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
    keys = { publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string, privateKey: pair.privateKey };
  }
  return keys;
}

export const publicKey = (): string => serverKeys().publicKey;

/** The password, with the zero byte behind it taken off; null: it was not encrypted with our key. */
export function decrypted(bytes: Buffer, nonce: Buffer): string | null {
  try {
    const { privateKey } = serverKeys();
    const plain = xor(privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, bytes), nonce);
    return withoutZero(plain);
  } catch {
    return null;
  }
}

export const withoutZero = (bytes: Buffer): string =>
  bytes.toString('utf8', 0, bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length);

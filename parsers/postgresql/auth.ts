/**
 * Who a client is: passwords as PostgreSQL's clients show them. What is kept is a verifier in PostgreSQL's own form (RFC 5803), from
 * which a password cannot be told:
 *
 *   SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>
 *
 * The exchange (RFC 5802, RFC 7677), without channel binding:
 *
 *   client   n,,n=,r=<nonce>
 *   server   r=<nonce + own>,s=<salt>,i=<iterations>
 *   client   c=biws,r=<nonce + own>,p=<proof>
 *   server   v=<signature>
 *
 * A role that has no password goes through the same steps with a verifier that nothing fits, so that nobody learns which roles there are.
 */

import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { wireError } from './errors.ts';

const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 18;
export const ITERATIONS = 4096;
export const MECHANISM = 'SCRAM-SHA-256';

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** SASLprep (RFC 4013) as far as it changes passwords: other blanks are blanks, what is invisible goes, then NFKC. */
const prepared = (password: string): string =>
  password
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, ' ')
    .replace(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200b-\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/g, '')
    .normalize('NFKC');

const saltedPassword = (password: string, salt: Buffer, iterations: number): Buffer =>
  pbkdf2Sync(prepared(password), salt, iterations, KEY_BYTES, 'sha256');

/** Of a new password (C4). */
export function makeVerifier(password: string, salt = randomBytes(SALT_BYTES), iterations = ITERATIONS): string {
  const salted = saltedPassword(password, salt, iterations);
  const stored = sha256(hmac(salted, 'Client Key')).toString('base64');
  const server = hmac(salted, 'Server Key').toString('base64');
  return `${MECHANISM}$${iterations}:${salt.toString('base64')}$${stored}:${server}`;
}

interface Verifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly stored: Buffer;
  readonly server: Buffer;
}

function readVerifier(text: string): Verifier | null {
  const match = /^SCRAM-SHA-256\$(\d+):([^$:]+)\$([^$:]+):([^$:]+)$/.exec(text);
  if (match === null) return null;
  const [, iterations, salt, stored, server] = match;
  const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');
  return { iterations: Number(iterations), salt: bytes(salt), stored: bytes(stored), server: bytes(server) };
}

/** True for what makeVerifier() makes: a dump may give it in place of a password. */
export const isVerifier = (text: string): boolean => readVerifier(text) !== null;

const ofProcess = randomBytes(KEY_BYTES);

/** Looks like a verifier, always the same for one role, and fits nothing. */
function noVerifier(user: string): Verifier {
  const salt = createHmac('sha256', ofProcess).update(user).digest().subarray(0, SALT_BYTES);
  return { iterations: ITERATIONS, salt, stored: randomBytes(KEY_BYTES), server: randomBytes(KEY_BYTES) };
}

const verifierOf = (text: string | null, user: string): Verifier =>
  (text === null ? null : readVerifier(text)) ?? noVerifier(user);

/** True when this is the password. */
export function fitsPassword(password: string, verifier: string | null, user: string): boolean {
  const { iterations, salt, stored } = verifierOf(verifier, user);
  const own = sha256(hmac(saltedPassword(password, salt, iterations), 'Client Key'));
  return own.length === stored.length && timingSafeEqual(own, stored);
}

const malformed = (what: string): Error => wireError('08P01', `malformed SCRAM message: ${what}`);

/** One exchange, the server's side. */
export class ScramExchange {
  readonly #verifier: Verifier;
  #firstBare = '';
  #serverFirst = '';
  #nonce = '';
  #header = '';

  constructor(user: string, verifier: string | null) {
    this.#verifier = verifierOf(verifier, user);
  }

  /** Answers the client's first message. 08P01, 0A000. */
  first(message: string): string {
    const match = /^([ny]|p=[^,]*),([^,]*),((?:m=[^,]*,)?n=[^,]*,r=([^,]+).*)$/s.exec(message);
    if (match === null) throw malformed('the first message is not as RFC 5802 has it');
    const [, binding, authzid, bare, nonce] = match;
    if (binding.startsWith('p=')) throw malformed('the client asks for channel binding, which was not offered');
    if (bare.startsWith('m=')) throw wireError('0A000', 'client requires an unsupported SCRAM extension');
    if (authzid !== '') throw wireError('0A000', 'client uses authorization identity, but it is not supported');
    this.#header = `${binding},${authzid},`;
    this.#firstBare = bare;
    this.#nonce = nonce + randomBytes(NONCE_BYTES).toString('base64');
    const { salt, iterations } = this.#verifier;
    this.#serverFirst = `r=${this.#nonce},s=${salt.toString('base64')},i=${iterations}`;
    return this.#serverFirst;
  }

  /** Answers the client's proof; null: it is wrong. 08P01. */
  final(message: string): string | null {
    const match = /^(c=([^,]*),r=([^,]*).*),p=([^,]*)$/s.exec(message);
    if (match === null) throw malformed('the last message is not as RFC 5802 has it');
    const [, withoutProof, binding, nonce, proofText] = match;
    if (nonce !== this.#nonce) throw malformed('the nonce is another one');
    if (Buffer.from(binding, 'base64').toString('latin1') !== this.#header) throw malformed('the channel binding is another one');
    const authMessage = `${this.#firstBare},${this.#serverFirst},${withoutProof}`;
    const { stored, server } = this.#verifier;
    const signature = hmac(stored, authMessage);
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== signature.length) throw malformed('the proof has another length');
    for (let at = 0; at < proof.length; at++) proof[at] ^= signature[at];
    const key = sha256(proof);
    return timingSafeEqual(key, stored) ? `v=${hmac(server, authMessage).toString('base64')}` : null;
  }
}

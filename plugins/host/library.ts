/**
 * What a plugin's script is given, as parameters of the function that it is compiled into: the host's library, and nothing in the
 * place of every name that leads to the system. A script that is built for us (codegen/package/dialects.ts) takes from `host` what
 * its sources import from node:crypto, engine/sblr/parse-error.ts and plugins/contract/encoded-values.ts: errors and values of
 * parameters are of one class on both sides.
 */

import * as crypto from 'node:crypto';
import * as errors from '../../engine/sblr/parse-error.ts';
import * as values from '../contract/encoded-values.ts';

/** What dialects need of cryptography for their exchanges of passwords. */
const { createHash, createHmac, pbkdf2Sync, randomBytes, randomInt, timingSafeEqual, constants } = crypto;
const { createPublicKey, createPrivateKey, generateKeyPairSync, privateDecrypt, publicEncrypt, createCipheriv } = crypto;

export const HOST_LIBRARY = {
  errors,
  values,
  crypto: {
    ...{ createHash, createHmac, pbkdf2Sync, randomBytes, randomInt, timingSafeEqual, constants },
    ...{ createPublicKey, createPrivateKey, generateKeyPairSync, privateDecrypt, publicEncrypt, createCipheriv },
  },
} as const;

/** Names of globals through which code would reach the process, other threads, the network or later turns of the loop. */
export const HIDDEN_NAMES = [
  ...['process', 'require', 'global', 'globalThis', 'self', '__filename', '__dirname'],
  ...['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'navigator', 'localStorage', 'sessionStorage', 'Worker'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'MessageChannel', 'BroadcastChannel', 'WebAssembly'],
] as const;

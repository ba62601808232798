/** What generated key extractors call. */

import { readNested } from '../../engine/storage/rows/nested-bytes.ts';
import {
  mapFloat,
  mappedWords,
  putKeyBytes,
  putKeyCollated,
  putKeyFloat,
  putKeyInt32,
  putKeyInt64,
  putKeyInteger,
  putKeyInterval,
  putKeyTail,
  putKeyUuid,
  putKeyWide,
  sameBytes,
} from './key-codec.ts';
import { nestedKey } from './nested-key.ts';

/** Of the nested value at `from`; `tail`: it is the last of an ascending key. */
function putKeyNested(to: Uint8Array, at: number, u8: Uint8Array, from: number, mask: number, tail: boolean): number {
  const key = nestedKey(readNested(u8, from));
  return tail ? putKeyTail(to, at, key, 0, key.length) : putKeyBytes(to, at, key, 0, key.length, mask);
}

/** What generated extractors take in. */
export const keyHelpers = {
  mapFloat,
  mappedWords,
  putKeyInt32,
  putKeyInt64,
  putKeyFloat,
  putKeyInteger,
  putKeyUuid,
  putKeyInterval,
  putKeyBytes,
  putKeyTail,
  putKeyCollated,
  putKeyWide,
  putKeyNested,
  sameBytes,
} as const;

export const TAKE_KEY_HELPERS = `const{${Object.keys(keyHelpers).join(',')}}=h;`;

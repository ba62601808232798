/**
 * The frame of a module in bytes, for both forms:
 *
 *   0  'SBLR'   4 form (1 source, 2 bound)   5 major   6 minor   7 zero   8 bytes of the header, u32le
 *   12 SHA-256 of everything behind it        44 header (msgpack)            body
 */

import { Packr } from 'msgpackr/pack';
import { nodeCrypto } from '../../shm/node-modules.ts';
import type { DialectSemantics } from './semantics.ts';
import { malformed } from './verify-source.ts';

export const MODULE_MAJOR = 1;
export const MODULE_MINOR = 0;
export const FORM_SOURCE = 1;
export const FORM_BOUND = 2;

const MAGIC = 'SBLR';
const HASH_AT = 12;
const HEADER_AT = 44;
/** Larger modules are refused before they are read. */
const MODULE_BYTES_MAX = 64 * 1024 * 1024;

/** Plain values only: no records, no classes. */
const packr = new Packr({ useRecords: false, moreTypes: false, mapsAsObjects: true, int64AsType: 'bigint' });

export interface ModuleHeader {
  readonly dialect: string;
  /** SHA-256 of the dialect's tables, hexadecimal. */
  readonly semantics: string;
  /** Name of the outermost node: 'select', 'insert'. */
  readonly statement: string;
  readonly tokens: number;
  readonly literals: number;
  /** Of the client. Bound form; 0 in the source form. */
  readonly parameters: number;
  /** Of the result. Bound form; 0 in the source form. */
  readonly columns: number;
  /** Lifted literals whose values shaped the module (SBLR-N2). */
  readonly shaping: readonly number[];
  /** Settings that changed the meaning, name and value in turn. */
  readonly settings: readonly string[];
}

const hashes = new WeakMap<DialectSemantics, string>();

/** SHA-256 of a dialect's tables: part of every key of a cache (dialects.md, 'Semantics are data'). */
export function semanticsHash(semantics: DialectSemantics): string {
  let hash = hashes.get(semantics);
  if (hash === undefined) {
    hash = nodeCrypto().createHash('sha256').update(JSON.stringify(semantics)).digest('hex');
    hashes.set(semantics, hash);
  }
  return hash;
}

export const pack = (value: unknown): Buffer => packr.pack(value) as Buffer;

/** Plain msgpack -> values; every fault is 08P01. */
export function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes as Buffer);
  } catch (error) {
    throw malformed(`the bytes cannot be read (${(error as Error).message})`);
  }
}

export function writeModule(form: number, header: ModuleHeader, body: Uint8Array): Buffer {
  const head = pack([
    header.dialect,
    header.semantics,
    header.statement,
    header.tokens,
    header.literals,
    header.parameters,
    header.columns,
    header.shaping,
    header.settings,
  ]);
  const bytes = Buffer.alloc(HEADER_AT + head.length + body.length);
  bytes.write(MAGIC, 0, 'latin1');
  bytes[4] = form;
  bytes[5] = MODULE_MAJOR;
  bytes[6] = MODULE_MINOR;
  bytes.writeUInt32LE(head.length, 8);
  bytes.set(head, HEADER_AT);
  bytes.set(body, HEADER_AT + head.length);
  bytes.set(hashOf(bytes), HASH_AT);
  return bytes;
}

const hashOf = (bytes: Uint8Array): Buffer => nodeCrypto().createHash('sha256').update(bytes.subarray(HEADER_AT)).digest();

/** Name of a module by its content, hexadecimal: equal modules have it in common. */
export const moduleHash = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(HASH_AT, HEADER_AT)).toString('hex');

/** Checks the frame and gives its parts. 08P01 */
export function readModule(form: number, bytes: Uint8Array): { readonly header: ModuleHeader; readonly body: Uint8Array } {
  if (bytes.length < HEADER_AT || bytes.length > MODULE_BYTES_MAX) throw malformed(`${bytes.length} bytes are no module`);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.toString('latin1', 0, 4) !== MAGIC) throw malformed('it does not begin as a module does');
  if (view[4] !== form) throw malformed(`form ${view[4]} where ${form} is expected`);
  if (view[5] !== MODULE_MAJOR || view[6] > MODULE_MINOR || view[7] !== 0)
    throw malformed(`version ${view[5]}.${view[6]} is not known`);
  const length = view.readUInt32LE(8);
  if (length > bytes.length - HEADER_AT) throw malformed('the header is longer than the module');
  if (!hashOf(view).equals(view.subarray(HASH_AT, HEADER_AT))) throw malformed('the hash does not agree with the content');
  const header = readHeader(unpack(view.subarray(HEADER_AT, HEADER_AT + length)));
  return { header, body: view.subarray(HEADER_AT + length) };
}

const HEADER_FIELDS = 9;

function readHeader(fields: unknown): ModuleHeader {
  if (!Array.isArray(fields) || fields.length !== HEADER_FIELDS) throw malformed('the header has other fields');
  const [dialect, semantics, statement, tokens, literals, parameters, columns, shaping, settings] = fields;
  const areTexts = [dialect, semantics, statement].every((value) => typeof value === 'string');
  const areCounts = [tokens, literals, parameters, columns].every((value) => Number.isSafeInteger(value) && value >= 0);
  const areLists = Array.isArray(shaping) && Array.isArray(settings);
  if (!areTexts || !areCounts || !areLists) throw malformed('a field of the header is of another kind');
  const shapingFits = shaping.every((value) => Number.isSafeInteger(value) && value >= 0 && value < literals);
  if (!shapingFits || !settings.every((value) => typeof value === 'string'))
    throw malformed('a list of the header holds something else');
  return { dialect, semantics, statement, tokens, literals, parameters, columns, shaping, settings };
}

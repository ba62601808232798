/**
 * Numbers of transactions, commands and rows, and snapshots. Values are texts in the order of what they mean: xid8 of 20 digits, xid and
 * cid of 10, tid of 10 and 5; snapshots and access privileges as they are written.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badSyntax } from './errors.ts';
import type { Implementation } from './functions.ts';
import { type Int8, int8Of } from './integers.ts';

const WORD = 1n << 32n;
const LONG = 1n << 64n;

function digits(text: string, type: string, size: bigint, width: number): string {
  const match = /^\s*([+-]?)(0[xX][\da-fA-F]+|\d+)\s*$/.exec(text);
  if (match === null) throw badSyntax(type, text);
  const value = BigInt(/^0\d/.test(match[2]) && /^[0-7]+$/.test(match[2]) ? `0o${match[2]}` : match[2]);
  const signed = match[1] === '-' ? size - value : value;
  if (value >= size || signed < 0n)
    throw new SqlError(SQLSTATE.numeric_value_out_of_range, `value "${text}" is out of range for type ${type}`);
  return (signed % size).toString().padStart(width, '0');
}
const plain = (value: string): string => value.replace(/^0+(?=\d)/, '');

export const readXid = (text: string): string => digits(text, 'xid', WORD, 10);
export const readCid = (text: string): string => digits(text, 'cid', WORD, 10);
export const readXid8 = (text: string): string => digits(text, 'xid8', LONG, 20);
export const writeNumber = plain;

export function readTid(text: string): string {
  const match = /^\s*\((\d+),(\d+)\)\s*$/.exec(text);
  if (match === null || Number(match[1]) > 4294967295 || Number(match[2]) > 65535) throw badSyntax('tid', text);
  return Number(match[1]).toString().padStart(10, '0') + Number(match[2]).toString().padStart(5, '0');
}
export const writeTid = (value: string): string => `(${plain(value.slice(0, 10))},${plain(value.slice(10))})`;

/** xmin:xmax:running ones, in order and not twice. */
export const readSnapshot =
  (type: string) =>
  (text: string): string => {
    const match = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/.exec(text);
    if (match === null) throw badSyntax(type, text);
    const [low, high] = [BigInt(match[1]), BigInt(match[2])];
    const running = match[3] === '' ? [] : match[3].split(',').map(BigInt);
    let last = 0n;
    const kept: bigint[] = [];
    for (const one of running) {
      if (one < low || one >= high || one < last) throw badSyntax(type, text);
      if (one !== last) kept.push(one);
      last = one;
    }
    if (low <= 0n || high < low) throw badSyntax(type, text);
    return `${low}:${high}:${kept.join(',')}`;
  };

interface Snapshot {
  readonly low: bigint;
  readonly high: bigint;
  readonly running: readonly bigint[];
}
function snapshotOf(text: string): Snapshot {
  const [low, high, running] = text.split(':');
  return { low: BigInt(low), high: BigInt(high), running: running === '' ? [] : running.split(',').map(BigInt) };
}
function isVisible(id: bigint, text: string): boolean {
  const { low, high, running } = snapshotOf(text);
  return id < low || (id < high && !running.includes(id));
}
const wide = (id: bigint): string => id.toString().padStart(20, '0');

const ACL = /^\s*(?:group |user )?("(?:[^"]|"")*"|\w*)=([arwdDxtXUCcTsA*]*)(?:\/("(?:[^"]|"")*"|\w+))?\s*$/;
export function readAcl(text: string): string {
  const match = ACL.exec(text);
  if (match === null) throw new SqlError(SQLSTATE.invalid_text_representation, 'missing "=" sign', {});
  return `${match[1]}=${match[2]}/${match[3] ?? ''}`;
}

const table: { [primitive: string]: Implementation } = {
  'xid.equal.int4': (a: string, b: number) => Number(a) === b >>> 0,
  'xid.notEqual.int4': (a: string, b: number) => Number(a) !== b >>> 0,
  'xid8.to.xid': (value: string) => (BigInt(value) % WORD).toString().padStart(10, '0'),
  'pg_snapshot.xmin': (value: string) => wide(snapshotOf(value).low),
  'pg_snapshot.xmax': (value: string) => wide(snapshotOf(value).high),
  'pg_snapshot.visible': (id: string, value: string) => isVisible(BigInt(id), value),
  'txid_snapshot.xmin': (value: string) => int8Of(snapshotOf(value).low),
  'txid_snapshot.xmax': (value: string) => int8Of(snapshotOf(value).high),
  'txid_snapshot.visible': (id: Int8, value: string) => isVisible(BigInt.asUintN(64, BigInt(id)), value),
};
export const idFunctions: { readonly [primitive: string]: Implementation } = table;

export const runningOf = (value: string): readonly bigint[] => snapshotOf(value).running;
export const wideId = wide;

/**
 * Types whose values are texts with the order, and the equality, of what they mean: they are stored, sorted, hashed and indexed like
 * texts, and only read and written in a form of their own.
 */

import { bitFunctions, readBits, writeBits } from './encoded-bits.ts';
import { int8Of } from './integers.ts';
import {
  idFunctions,
  readAcl,
  readCid,
  readSnapshot,
  readTid,
  readXid,
  readXid8,
  runningOf,
  wideId,
  writeNumber,
  writeTid,
} from './encoded-ids.ts';
import { moneyFunctions, readMoney, writeMoney } from './encoded-money.ts';
import { networkFunctions, readCidr, readInet, readMac, readMac8, writeCidr, writeInet, writeMac } from './encoded-network.ts';
import { readZonedTime, writeZonedTime, zonedTimeFunctions } from './encoded-time.ts';
import type { Implementation } from './functions.ts';

const same = (value: string): string => value;

/** Text to value. */
export const ENCODED_INPUT: { readonly [type: string]: Implementation } = {
  money: readMoney,
  bit: readBits,
  varbit: readBits,
  timetz: readZonedTime,
  inet: readInet,
  cidr: readCidr,
  macaddr: readMac,
  macaddr8: readMac8,
  xid: readXid,
  xid8: readXid8,
  cid: readCid,
  tid: readTid,
  pg_snapshot: readSnapshot('pg_snapshot'),
  txid_snapshot: readSnapshot('txid_snapshot'),
  aclitem: readAcl,
};

/** Value to text. */
export const ENCODED_OUTPUT: { readonly [type: string]: Implementation } = {
  money: writeMoney,
  bit: writeBits,
  varbit: same,
  timetz: writeZonedTime,
  inet: writeInet,
  cidr: writeCidr,
  macaddr: writeMac,
  macaddr8: writeMac,
  xid: writeNumber,
  xid8: writeNumber,
  cid: writeNumber,
  tid: writeTid,
  pg_snapshot: same,
  txid_snapshot: same,
  aclitem: same,
};

export const encodedFunctions: { readonly [primitive: string]: Implementation } = {
  ...moneyFunctions,
  ...networkFunctions,
  ...bitFunctions,
  ...zonedTimeFunctions,
  ...idFunctions,
};

/** The running transactions of a snapshot, one by one. */
const running =
  (made: (id: bigint) => string | number | bigint) =>
  (value: string): (() => string | number | bigint | undefined) => {
    const list = runningOf(value);
    let at = 0;
    return () => (at < list.length ? made(list[at++]) : undefined);
  };
export const encodedSetFunctions = {
  'pg_snapshot.running': running(wideId),
  'txid_snapshot.running': running(int8Of),
};

/**
 * Frames of window functions: which rows of its partition a row sees. Rows are numbers, in the order of partitions and, within one, of
 * ORDER BY; both ends of a frame mostly move forward with the row, so that a pass over a partition is linear.
 *
 *   partition   |----------------------------------|
 *   frame              [low ....... high)
 *   left out                [gapLow .. gapHigh)         EXCLUDE; with TIES the row itself stays: `kept`
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { comparisons } from './compare.ts';

/** Rows that are collected and sorted by partition and order. */
export interface WindowRows {
  readonly count: number;
  /** The first row of each partition; then `count`. */
  readonly partitions: Int32Array;
  /** The first row of each group of rows that agree in partition and order; then `count`. Without ORDER BY: the partitions. */
  readonly peers: Int32Array;
}

export type FrameEnd = 'unboundedPreceding' | 'preceding' | 'current' | 'following' | 'unboundedFollowing';

export interface WindowFrame {
  readonly unit: 'rows' | 'range' | 'groups';
  readonly start: FrameEnd;
  readonly end: FrameEnd;
  readonly exclude: 'none' | 'current' | 'group' | 'ties';
  /** rows, groups: how far the ends reach (frameOffset); 0 where an end has no number. */
  readonly startOffset: number;
  readonly endOffset: number;
  /** range with an offset: the sort key of each row, and what its frame reaches to at either end (null: an end without an offset). */
  readonly range: WindowRange | null;
}
export interface WindowRange {
  readonly keys: ArrayLike<RowValue>;
  readonly starts: ArrayLike<RowValue> | null;
  readonly ends: ArrayLike<RowValue> | null;
  /** Type of keys, starts and ends. */
  readonly type: string;
  readonly descending: boolean;
}

/** More rows than any frame has. */
const FAR = 2 ** 31;

/** The offset of a frame of rows or groups. 22004, 22013 */
export function frameOffset(value: RowValue, which: 'starting' | 'ending'): number {
  if (value === null) throw new SqlError(SQLSTATE.null_value_not_allowed, `frame ${which} offset must not be null`);
  const offset = Number(value);
  if (offset >= 0) return Math.min(offset, FAR);
  throw new SqlError(SQLSTATE.invalid_preceding_or_following_size, `frame ${which} offset must not be negative`);
}

/** Place of the group in `peers` that a row belongs to. */
export function groupOf(peers: Int32Array, row: number): number {
  let low = 0;
  let high = peers.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (peers[middle] <= row) low = middle;
    else high = middle;
  }
  return low;
}

/** The frame of one row after the other: begin() a partition, then move() to each of its rows in order. */
export class FrameCursor {
  /** The frame: rows from `low` on, before `high`; empty where low >= high. */
  low: number;
  high: number;
  /** Rows of it that are left out, except `kept`. */
  gapLow: number;
  gapHigh: number;
  kept: number;
  /** The partition, and the group of peers that the row belongs to (a place in `peers`). */
  from: number;
  to: number;
  group: number;

  private readonly rows: WindowRows;
  private readonly frame: WindowFrame;
  private readonly compare: (a: RowValue, b: RowValue) => number;
  /** First and last group of the partition, and the rows whose range key is not NULL. */
  private firstGroup: number;
  private lastGroup: number;
  private keyLow: number;
  private keyHigh: number;

  constructor(rows: WindowRows, frame: WindowFrame) {
    this.rows = rows;
    this.frame = frame;
    this.compare = comparisons[frame.range?.type ?? 'int4'] as unknown as (a: RowValue, b: RowValue) => number;
    this.low = this.high = this.gapLow = this.gapHigh = this.from = this.to = this.group = 0;
    this.kept = -1;
    this.firstGroup = this.lastGroup = this.keyLow = this.keyHigh = 0;
  }

  /** Every row of the partition has the same frame. */
  get isWhole(): boolean {
    const { start, end, exclude } = this.frame;
    return start === 'unboundedPreceding' && end === 'unboundedFollowing' && exclude === 'none';
  }

  begin(partition: number): void {
    const { partitions, peers } = this.rows;
    this.from = partitions[partition];
    this.to = partitions[partition + 1];
    this.firstGroup = peers[this.lastGroup + 1] === this.from ? this.lastGroup + 1 : groupOf(peers, this.from);
    this.group = this.lastGroup = this.firstGroup;
    while (peers[this.lastGroup + 1] < this.to) this.lastGroup++;
    this.low = this.high = this.from;
    this.gapLow = this.gapHigh = this.from;
    this.kept = -1;
    if (this.frame.range !== null) this.findKeys(this.frame.range.keys);
  }

  private findKeys(keys: ArrayLike<RowValue>): void {
    this.keyLow = this.from;
    this.keyHigh = this.to;
    while (this.keyLow < this.to && keys[this.keyLow] === null) this.keyLow++;
    while (this.keyHigh > this.keyLow && keys[this.keyHigh - 1] === null) this.keyHigh--;
  }

  move(row: number): void {
    const { peers } = this.rows;
    while (peers[this.group + 1] <= row) this.group++;
    this.low = this.startOf(row);
    this.high = this.endOf(row);
    if (this.frame.exclude !== 'none') this.leaveOut(row);
  }

  private startOf(row: number): number {
    const { unit, start, startOffset } = this.frame;
    switch (start) {
      case 'unboundedPreceding':
        return this.from;
      case 'unboundedFollowing':
        return this.to;
      case 'current':
        return unit === 'rows' ? row : this.rows.peers[this.group];
      default: {
        if (unit === 'range') return this.rangeStart(row);
        const offset = start === 'preceding' ? -startOffset : startOffset;
        if (unit === 'rows') return Math.min(Math.max(row + offset, this.from), this.to);
        const group = Math.max(this.group + offset, this.firstGroup);
        return group > this.lastGroup ? this.to : this.rows.peers[group];
      }
    }
  }

  private endOf(row: number): number {
    const { unit, end, endOffset } = this.frame;
    switch (end) {
      case 'unboundedPreceding':
        return this.from;
      case 'unboundedFollowing':
        return this.to;
      case 'current':
        return unit === 'rows' ? row + 1 : this.rows.peers[this.group + 1];
      default: {
        if (unit === 'range') return this.rangeEnd(row);
        const offset = end === 'preceding' ? -endOffset : endOffset;
        if (unit === 'rows') return Math.min(Math.max(row + offset + 1, this.from), this.to);
        const group = Math.min(this.group + offset, this.lastGroup);
        return group < this.firstGroup ? this.from : this.rows.peers[group + 1];
      }
    }
  }

  /** NULLs reach to NULLs only, which lie together at one end. */
  private rangeStart(row: number): number {
    const { keys, starts, descending } = this.frame.range as WindowRange;
    if (keys[row] === null) return this.rows.peers[this.group];
    const target = (starts as ArrayLike<RowValue>)[row];
    let place = Math.max(this.low, this.keyLow);
    while (place < this.keyHigh && this.isBefore(keys[place], target, descending)) place++;
    return place;
  }

  private rangeEnd(row: number): number {
    const { keys, ends, descending } = this.frame.range as WindowRange;
    if (keys[row] === null) return this.rows.peers[this.group + 1];
    const target = (ends as ArrayLike<RowValue>)[row];
    let place = Math.max(this.high, this.keyLow);
    while (place < this.keyHigh && !this.isBefore(target, keys[place], descending)) place++;
    return place;
  }

  private isBefore(a: RowValue, b: RowValue, descending: boolean): boolean {
    return descending ? this.compare(a, b) > 0 : this.compare(a, b) < 0;
  }

  private leaveOut(row: number): void {
    const { exclude } = this.frame;
    const { peers } = this.rows;
    const isOne = exclude === 'current';
    this.gapLow = Math.max(isOne ? row : peers[this.group], this.low);
    this.gapHigh = Math.max(Math.min(isOne ? row + 1 : peers[this.group + 1], this.high), this.gapLow);
    this.kept = exclude === 'ties' && row >= this.gapLow && row < this.gapHigh ? row : -1;
  }

  /** Number of rows that the frame has. */
  size(): number {
    const left = Math.max(this.high - this.low, 0);
    return left - (this.gapHigh - this.gapLow) + (this.kept >= 0 ? 1 : 0);
  }

  /** The row at a place of the frame, from 0; -1: the frame ends before it. */
  rowAt(place: number): number {
    if (place < 0 || place >= this.size()) return -1;
    const before = this.gapLow - this.low;
    if (this.gapLow >= this.gapHigh || place < before) return this.low + place;
    if (this.kept < 0) return this.gapHigh + place - before;
    return place === before ? this.kept : this.gapHigh + place - before - 1;
  }
}

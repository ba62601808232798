/** The library against the plainest way: each row looks at every row of its partition. */

import { deepStrictEqual, ok, throws } from 'node:assert';
import test from 'node:test';
import type { RowValue } from '../storage/rows/row-value.ts';
import { aggregates } from './aggregates.ts';
import { comparisons } from './compare.ts';
import { randomFrom } from './differential-fixture.ts';
import { type WindowCall, type WindowFrame, type WindowRows, frameOffset, windowColumn } from './windows.ts';

const SEED = Number(process.env.SEED ?? 1);
const random = randomFrom(SEED);
const pick = <T>(list: readonly T[]): T => list[random(list.length)];

/** Sorted rows: partitions, and keys ascending or descending with NULLs at one end. */
function randomRows(type: string): { rows: WindowRows; keys: RowValue[]; descending: boolean } {
  const descending = random(2) === 0;
  const nullsFirst = random(2) === 0;
  const compare = comparisons[type] as unknown as (a: RowValue, b: RowValue) => number;
  const [keys, partitions, peers]: [RowValue[], number[], number[]] = [[], [], []];
  for (let partition = random(4); partition >= 0; partition--) {
    const nulls = Array.from({ length: random(3) }, () => null);
    const values: RowValue[] = Array.from({ length: 1 + random(12) }, () => (type === 'numeric' ? `${random(8)}.5` : random(8)));
    values.sort((a, b) => (descending ? -compare(a, b) : compare(a, b)));
    partitions.push(keys.length);
    for (const [index, key] of (nullsFirst ? [...nulls, ...values] : [...values, ...nulls]).entries()) {
      const last = keys[keys.length - 1];
      const isPeer = index > 0 && (key === null || last === null ? key === last : compare(key, last) === 0);
      if (!isPeer) peers.push(keys.length);
      keys.push(key);
    }
  }
  const ends = (starts: number[]): Int32Array => Int32Array.from([...starts, keys.length]);
  return { rows: { count: keys.length, partitions: ends(partitions), peers: ends(peers) }, keys, descending };
}

const ENDS = ['unboundedPreceding', 'preceding', 'current', 'following', 'unboundedFollowing'] as const;

function randomFrame(type: string, keys: readonly RowValue[], descending: boolean): WindowFrame {
  const unit = pick(['rows', 'range', 'groups'] as const);
  const start = pick(ENDS.slice(0, 4));
  const end = pick(ENDS.slice(Math.max(ENDS.indexOf(start), 1)));
  const [startOffset, endOffset] = [random(4), random(4)];
  const reached = (kind: string, offset: number): RowValue[] | null =>
    kind !== 'preceding' && kind !== 'following'
      ? null
      : keys.map((key) => {
          if (key === null) return null;
          const value = Number(key) + ((kind === 'preceding') === descending ? offset : -offset);
          return type === 'numeric' ? value.toFixed(1) : value;
        });
  const [starts, ends] = [reached(start, startOffset), reached(end, endOffset)];
  const range = unit === 'range' && (starts !== null || ends !== null) ? { keys, starts, ends, type, descending } : null;
  return {
    unit,
    start,
    end,
    exclude: pick(['none', 'none', 'current', 'group', 'ties'] as const),
    startOffset,
    endOffset,
    range,
  };
}

// ---- the plain way ----

const groupOf = (starts: Int32Array, row: number): number => starts.findLastIndex((start) => start <= row);

function isInside(rows: WindowRows, frame: WindowFrame, row: number, place: number, at: 'start' | 'end'): boolean {
  const sign = at === 'start' ? 1 : -1;
  const kind = frame[at];
  if (kind === 'unboundedPreceding' || kind === 'unboundedFollowing') return (kind === 'unboundedPreceding') === sign > 0;
  const groups = groupOf(rows.peers, place) - groupOf(rows.peers, row);
  const distance = frame.unit === 'rows' ? place - row : groups;
  if (kind === 'current') return distance * sign >= 0;
  const offset = at === 'start' ? frame.startOffset : frame.endOffset;
  if (frame.range === null) return (distance - (kind === 'preceding' ? -offset : offset)) * sign >= 0;
  const { keys, starts, ends, type, descending } = frame.range;
  if (keys[row] === null || keys[place] === null) return keys[row] === keys[place] || (place - row) * sign > 0;
  const compare = comparisons[type] as unknown as (a: RowValue, b: RowValue) => number;
  const difference = compare(keys[place], ((at === 'start' ? starts : ends) as ArrayLike<RowValue>)[row]);
  return (descending ? -difference : difference) * sign >= 0;
}

function frameOf(rows: WindowRows, frame: WindowFrame, row: number): number[] {
  const places = Array.from({ length: rows.count }, (_, place) => place);
  const isPeer = (place: number): boolean => groupOf(rows.peers, place) === groupOf(rows.peers, row);
  return places.filter((place) => {
    if (groupOf(rows.partitions, place) !== groupOf(rows.partitions, row)) return false;
    if (frame.exclude === 'current' && place === row) return false;
    if (frame.exclude === 'group' && isPeer(place)) return false;
    if (frame.exclude === 'ties' && isPeer(place) && place !== row) return false;
    return isInside(rows, frame, row, place, 'start') && isInside(rows, frame, row, place, 'end');
  });
}

function plainly({ primitive, arguments: columns, filter, frame }: WindowCall, rows: WindowRows, row: number): RowValue {
  const places = frameOf(rows, frame, row);
  const value = (place: number | undefined): RowValue => (place === undefined ? null : columns[0][place]);
  if (primitive === 'first_value') return value(places[0]);
  if (primitive === 'last_value') return value(places.at(-1));
  if (primitive === 'nth_value') return value(places[(columns[1][row] as number) - 1]);
  const aggregate = aggregates[primitive];
  const counted = places.filter((place) => filter === null || filter[place] === true);
  const step = (state: unknown, place: number): unknown => aggregate.step(state, ...columns.map((column) => column[place]));
  return aggregate.result(counted.reduce(step, aggregate.init()));
}

const orNull = (value: RowValue): RowValue => (random(5) === 0 ? null : value);
const numeric = (): string => (random(30) === 0 ? 'NaN' : `${random(200) - 100}${pick(['', '.5', '.25', '.10'])}`);
/** Values by the type that an aggregate takes. */
const VALUES: { readonly [type: string]: () => RowValue } = {
  int4: () => orNull(random(100) - 50),
  int8: () => orNull(random(4) === 0 ? 9007199254740993n : random(100)),
  numeric: () => orNull(numeric()),
  float8: () => orNull((random(1000) - 500) / 7),
  bool: () => orNull(random(3) > 0),
  text: () => orNull(pick(['a', 'b', 'ab', ''])),
  interval: () => orNull({ months: random(3), days: random(40), microseconds: random(1e9) }),
};
const AGGREGATES: { readonly [type: string]: readonly string[] } = {
  int4: ['count', 'sum.int4', 'avg.int4', 'min.int4', 'max.int4', 'stddev_samp.int4', 'bit_and.int4'],
  int8: ['sum.int8', 'avg.int8', 'var_pop.int8'],
  numeric: ['sum.numeric', 'avg.numeric', 'min.numeric', 'max.numeric', 'stddev_pop.numeric'],
  float8: ['sum.float8', 'avg.float8', 'var_samp.float8'],
  bool: ['bool_and', 'bool_or', 'count'],
  text: ['min.text', 'max.text', 'string_agg.text', 'first_value', 'last_value', 'nth_value'],
  interval: ['sum.interval', 'avg.interval'],
};

test('functions over random frames answer what the plain way does', () => {
  for (let round = 0; round < 4000; round++) {
    const keyType = pick(['int4', 'numeric']);
    const { rows, keys, descending } = randomRows(keyType);
    const type = pick(Object.keys(VALUES));
    const primitive = pick(AGGREGATES[type]);
    const columns = [keys.map(VALUES[type])];
    if (primitive === 'string_agg.text') columns.push(keys.map(() => ','));
    if (primitive === 'nth_value') columns.push(keys.map(() => 1 + random(3)));
    const filter = random(4) === 0 ? keys.map(() => pick([true, true, false, null])) : null;
    const call: WindowCall = { primitive, arguments: columns, filter, frame: randomFrame(keyType, keys, descending) };
    const out: RowValue[] = [];
    windowColumn(rows, call, out, 0, rows.partitions.length - 1);
    const plain = keys.map((_, row) => plainly(call, rows, row));
    deepStrictEqual(out, plain, `seed ${SEED}, round ${round}: ${JSON.stringify(call.frame)} ${primitive}`);
  }
});

test('partitions may be filled in one by one', () => {
  const { rows, keys, descending } = randomRows('int4');
  const frame = randomFrame('int4', keys, descending);
  for (const primitive of ['rank', 'dense_rank', 'cume_dist', 'row_number', 'lag', 'sum.int4', 'first_value']) {
    const call: WindowCall = { primitive, arguments: [keys], filter: null, frame };
    const [whole, parts]: [RowValue[], RowValue[]] = [[], []];
    const partitions = rows.partitions.length - 1;
    windowColumn(rows, call, whole, 0, partitions);
    for (let partition = partitions - 1; partition >= 0; partition--) windowColumn(rows, call, parts, partition, partition + 1);
    deepStrictEqual([...parts], whole, primitive);
  }
});

test('offsets of frames: NULL and below 0 are errors', () => {
  throws(() => frameOffset(null, 'starting'), { code: '22004' });
  throws(() => frameOffset(-1, 'ending'), { code: '22013' });
  deepStrictEqual(frameOffset(2n ** 62n, 'ending'), 2 ** 31);
});

test('running and sliding sums, extremes and averages take time in proportion to the rows', () => {
  const count = 100_000;
  const rows: WindowRows = {
    count,
    partitions: Int32Array.of(0, count),
    peers: Int32Array.from({ length: count + 1 }, (_, row) => row),
  };
  const values = Array.from({ length: count }, (_, row) => row % 1000);
  const texts = values.map((value) => `${value}.25`);
  const frames: WindowFrame[] = (['unboundedPreceding', 'preceding'] as const).map((start) => ({
    ...{ unit: 'rows', start, end: 'current', exclude: 'none', startOffset: 50_000, endOffset: 0, range: null },
  }));
  frames.push({ ...frames[0], start: 'current', end: 'unboundedFollowing' });
  const began = performance.now();
  for (const frame of frames)
    for (const primitive of ['sum.int4', 'avg.int4', 'min.int4', 'max.numeric', 'sum.numeric', 'count', 'row_number', 'rank']) {
      const column = primitive.endsWith('numeric') ? texts : values;
      windowColumn(rows, { primitive, arguments: [column], filter: null, frame }, [], 0, 1);
    }
  // The plain way would take hours.
  ok(performance.now() - began < 30_000);
});

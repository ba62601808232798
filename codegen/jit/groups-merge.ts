/**
 * Groups that several threads have made of one stage's rows, put together: groups in the order in which one thread would have entered
 * them, which is the order of the morsels in which they were first met (gather-fill.ts).
 */

import { assert } from '../../shm/assert.ts';
import type { Aggregate } from '../../engine/values/aggregates.ts';
import type { Accumulator } from './accumulators.ts';
import { type GatherFill, type Part, type Run, runsOf, sharedCopy } from './gather-fill.ts';
import type { Groups } from './groups.ts';
import type { State } from './state.ts';

/** What merging needs of an accumulator: plain data and a function. */
interface MergedState {
  readonly kind: Accumulator['kind'];
  readonly at: number;
  readonly object: number;
  readonly mixed: boolean;
  readonly greatest: boolean;
  readonly general: Aggregate | null;
}

/** What one thread has, as another one sees it. */
interface GroupsImage {
  readonly count: number;
  readonly hashes: Int32Array;
  readonly keys: Int32Array;
  readonly sums: Float64Array;
  readonly objects: readonly unknown[];
  readonly arena: Uint8Array;
  /** Of groups whose keys are JavaScript values. */
  readonly mapKeys: readonly unknown[];
  readonly rows: readonly unknown[][];
}

const TWO_32 = 4294967296;
const FOLD_ABOVE = 2 ** 52;

export class MergedGroups implements GatherFill {
  /** Number of the Groups among a state's parts. */
  readonly #part: number;
  readonly #states: readonly MergedState[];
  /** Words of a key that say where in the arena a text lies; its length is in the word behind. */
  readonly #texts: readonly number[];

  constructor(part: number, accumulators: readonly Accumulator[], texts: readonly number[]) {
    this.#part = part;
    this.#states = accumulators.map(({ kind, at, object, form, bound, general }) => ({
      kind,
      at,
      object,
      mixed: form?.mixed === true,
      greatest: bound.primitive.startsWith('max'),
      general,
    }));
    this.#texts = texts;
  }

  #of(c: State): Groups {
    return c.parts[this.#part] as Groups;
  }

  count(c: State): number {
    return this.#of(c).count;
  }

  isFull(c: State): boolean {
    const groups = this.#of(c);
    return groups.full || groups.late >= 0;
  }

  image(c: State): GroupsImage {
    return imageOf(this.#of(c), sharedCopy);
  }

  merge(c: State, parts: readonly Part[]): boolean {
    const groups = this.#of(c);
    const { shape } = groups;
    const own = imageOf(groups, (words) => words);
    const images = parts.map(({ image }) => (image === null ? own : (image as GroupsImage)));
    if (shape.keyWords === 0 && !shape.general) {
      for (const image of images) if (image !== own) this.#add(groups, 0, image, 0);
      return true;
    }
    const runs = runsOf(parts, 0);
    // Keys, states and table of the leader lie in `own` now.
    groups.beginMerged(images.reduce((sum, { count }) => sum + count, 0));
    for (const run of runs) {
      if (shape.general) this.#runOfValues(groups, images[run.part], run);
      else this.#runOfWords(groups, images[run.part], run);
    }
    return groups.endMerged();
  }

  #runOfValues(groups: Groups, image: GroupsImage, { from, to }: Run): void {
    const { map, rows } = groups;
    for (let group = from; group < to; group++) {
      const key = image.mapKeys[group];
      const known = map.get(key);
      if (known !== undefined) {
        this.#add(groups, known, image, group);
        continue;
      }
      map.set(key, groups.count);
      rows.push(image.rows[group]);
      this.#enter(groups, groups.count++, image, group);
    }
  }

  #runOfWords(groups: Groups, image: GroupsImage, { from, to }: Run): void {
    const { table, mask, hashes, keys } = groups;
    const { keyWords } = groups.shape;
    for (let group = from; group < to; group++) {
      const hash = image.hashes[group];
      let at = hash & mask;
      let known = table[at] - 1;
      for (; known >= 0; at = (at + 1) & mask, known = table[at] - 1) {
        if (hashes[known] === hash && this.#isSame(groups, known, image, group)) break;
      }
      if (known >= 0) {
        this.#add(groups, known, image, group);
        continue;
      }
      const entered = groups.count++;
      table[at] = entered + 1;
      hashes[entered] = hash;
      for (let word = 0; word < keyWords; word++) keys[entered * keyWords + word] = image.keys[group * keyWords + word];
      for (const word of this.#texts) {
        const length = keys[entered * keyWords + word + 1];
        keys[entered * keyWords + word] = groups.keepText(image.arena, image.keys[group * keyWords + word], length);
      }
      this.#enter(groups, entered, image, group);
    }
  }

  #isSame(groups: Groups, known: number, image: GroupsImage, group: number): boolean {
    const { keyWords } = groups.shape;
    const a = known * keyWords;
    const b = group * keyWords;
    const texts = this.#texts;
    for (let word = 0, text = 0; word < keyWords; word++) {
      if (texts[text] === word) text++;
      else if (groups.keys[a + word] !== image.keys[b + word]) return false;
    }
    for (const word of texts) {
      const x = groups.keys[a + word];
      const y = image.keys[b + word];
      const length = image.keys[b + word + 1];
      for (let at = 0; at < length; at++) if (groups.arena[x + at] !== image.arena[y + at]) return false;
    }
    return true;
  }

  /** A group that is new. */
  #enter(groups: Groups, to: number, image: GroupsImage, from: number): void {
    const { stride, inits } = groups.shape;
    for (let at = 0; at < stride; at++) groups.sums[to * stride + at] = image.sums[from * stride + at];
    for (let at = 0; at < inits.length && image.objects.length > 0; at++)
      groups.objects[to * inits.length + at] = image.objects[from * inits.length + at];
    for (const { general, object } of this.#states) {
      if (general === null) continue;
      // What has come from another thread is a state again.
      const place = to * inits.length + object;
      groups.objects[place] = mergedOf(general, general.init(), groups.objects[place]);
    }
  }

  /** A group that is known. */
  #add(groups: Groups, to: number, image: GroupsImage, from: number): void {
    const { stride, inits } = groups.shape;
    const { sums, objects } = groups;
    const a = to * stride;
    const b = from * stride;
    for (const { kind, at, object, mixed, greatest, general } of this.#states) {
      const place = to * inits.length + object;
      const other = object < 0 ? undefined : image.objects[from * inits.length + object];
      switch (kind) {
        case 'count':
          sums[a + at] += image.sums[b + at];
          break;
        case 'exact':
          addExact(sums, a + at, image.sums, b + at, mixed);
          if (other !== undefined) objects[place] = ((objects[place] as bigint | undefined) ?? 0n) + (other as bigint);
          break;
        case 'extreme':
          if (image.sums[b + at + 1] !== 0) groups.extremeLong(a + at, place, image.sums[b + at], greatest);
          if (other !== undefined) groups.extremeLong(a + at, place, other as bigint, greatest);
          break;
        case 'general':
          objects[place] = mergedOf(general as Aggregate, objects[place], other);
          break;
        default:
          assert(false, 'sums of floats are not spread');
      }
    }
  }
}

function mergedOf(aggregate: Aggregate, state: unknown, other: unknown): unknown {
  assert(aggregate.merge !== undefined, 'what is spread can be merged');
  return aggregate.merge(state, other);
}

/** Low part, high part, count, the largest scale. */
function addExact(to: Float64Array, a: number, from: Float64Array, b: number, mixed: boolean): void {
  // Each low part is at most 2^52, so their sum is exact.
  const low = to[a] + from[b];
  const folded = low > FOLD_ABOVE || low < -FOLD_ABOVE ? Math.floor(low / TWO_32) : 0;
  to[a] = low - folded * TWO_32;
  to[a + 1] += from[b + 1] + folded;
  to[a + 2] += from[b + 2];
  if (mixed) to[a + 3] = Math.max(to[a + 3], from[b + 3]);
}

function imageOf(
  groups: Groups,
  copy: <Kind extends Int32Array | Float64Array | Uint8Array>(words: Kind, length: number) => Kind,
): GroupsImage {
  const { shape, count } = groups;
  const isWords = shape.keyWords > 0;
  return {
    count,
    hashes: copy(groups.hashes, isWords ? count : 0),
    keys: copy(groups.keys, count * shape.keyWords),
    sums: copy(groups.sums, count * shape.stride),
    objects: groups.objects.slice(),
    arena: copy(groups.arena, groups.arenaUsed),
    mapKeys: [...groups.map.keys()],
    rows: groups.rows.slice(),
  };
}

/**
 * Merge joins: both sides come in the order of their keys. The build side is kept in that order (ordered-store.ts), and for each
 * row of the input a cursor goes on to the first row that is not before it; rows of the same keys follow.
 *
 *   input   2  3  3  5           for (; p <= count; p++) { r = order of row p against the row at hand; if (r >= 0) break; }
 *   build   1  3  3  4  7        m = r === 0 ? p : 0;  next: same[m + 1] ? m + 1 : 0
 *           `--p-->
 *
 * The input keeps its order. Where the build side is in a file its rows are read through a window (WindowJoin, merge-window.ts).
 */

import type { JoinKey, MergeJoin } from '../../engine/plan/physical.ts';
import type { Builder } from './builder.ts';
import type { Emitter } from './emitter.ts';
import { comparatorOf } from './helpers.ts';
import { buildOf, type JoinBuild } from './join-build.ts';
import type { Candidates } from './join-code.ts';
import { emitKeys } from './join-keys.ts';
import { isTextType } from './leaves.ts';
import { MergeWindow } from './merge-window.ts';
import type { OrderedStore } from './ordered-store.ts';
import type { StoreColumn } from './row-store.ts';
import type { State } from './state.ts';
import type { StoreCode } from './store-code.ts';
import { isFloatType, isLongType, isWordType, notNullCode, type Value } from './value.ts';

/** The join where its build side is in a file. */
export interface WindowJoin {
  readonly node: 'WindowJoin';
  readonly join: MergeJoin;
}

/** Made apart, so that the program does not keep the builder. */
const windowAround = (store: number) => (columns: readonly StoreColumn[], state: State) =>
  new MergeWindow(columns, state.parts[store] as OrderedStore);

/** Code that reads the window of a join. */
export const windowOf = (builder: Builder, join: MergeJoin): StoreCode =>
  builder.own(join.keys, () => {
    const { store } = buildOf(builder, join);
    return store.twin(windowAround(store.part));
  });

export function mergeCandidates(emitter: Emitter, builder: Builder, join: MergeJoin): Candidates {
  const build = buildOf(builder, join);
  const store = build.store.name(emitter);
  const same = emitter.hoist(`${store}_same`, `${store}.same`);
  const place = emitter.name('mp');
  const match = emitFirst(emitter, join, build, build.store, place, place);
  return {
    match,
    next: `${same}[${match}+1]===0?0:${match}+1`,
    test: '',
    isUnique: false,
    readers: (isFound) => build.readers(match, isFound),
    note: build.note(emitter, match),
    openKeys: null,
  };
}

export function windowCandidates(emitter: Emitter, builder: Builder, { join }: WindowJoin): Candidates {
  const build = buildOf(builder, join);
  const code = windowOf(builder, join);
  const window = code.name(emitter);
  const [place, row] = [emitter.name('mp'), emitter.name('ml')];
  emitter.emit(`let ${row}=0;`);
  const match = emitFirst(emitter, join, build, code, place, row, `${row}=${window}.at(${place});`);
  emitter.emit(`if(${match}===0)${row}=0;`);
  emitter.shared.add(row);
  const next = emitter.change(`${window}_next`, '0');
  return {
    match,
    next: `(${next}=${window}.after(${match}),${row}=${window}.row,${next})`,
    test: '',
    isUnique: false,
    readers: (isFound) => code.readers(row, isFound),
    note: build.note(emitter, match),
    openKeys: null,
  };
}

/**
 * Writes what moves the cursor on and finds the first match; its local. `row`: place of row `place` in `code`, once `load` has
 * run.
 */
function emitFirst(
  emitter: Emitter,
  join: MergeJoin,
  { store, keyPlaces }: JoinBuild,
  code: StoreCode,
  place: string,
  row: string,
  load = '',
): string {
  emitter.needCalls();
  const name = store.name(emitter);
  const total = emitter.hoist(`${name}_total`, `${name}.total`);
  const keys = emitKeys(emitter, join.keys, 'left');
  const [match, order, test] = [emitter.name('m'), emitter.name('ro'), emitter.name('O')];
  emitter.emit(`let ${match}=0;`);
  if (keys.nil === 'true') return match;
  const compared = emitter.apart(() =>
    join.keys.forEach((key, at) => {
      const compare = orderCode(emitter, key, code, keyPlaces[at], row, keys.values[at]);
      const { descending, nullsFirst } = join.orders[at];
      const { nil } = code.stored(emitter, keyPlaces[at], row);
      const turned = descending ? `-(${compare})` : compare;
      emitter.emit(`${order}=${nil === 'false' ? turned : `${nil}?${nullsFirst ? -1 : 1}:${turned}`};`);
      if (at < join.keys.length - 1) emitter.emit(`if(${order}!==0)break ${test};`);
    }),
  );
  const ticks = emitter.change('q', '0');
  const search =
    `let ${place}=${name}.cursor,${order}=1;for(;${place}<=${total};${place}++){${load}${test}:{${compared}}if(${order}>=0)break;` +
    `if((++${ticks}&4095)===0)c.tick();}${name}.cursor=${place};if(${order}===0&&${place}<=${total})${match}=${place};`;
  emitter.emit(`${keys.nil === 'false' ? '' : `if(!(${keys.nil}))`}{${search}}`);
  return match;
}

/** Expression of the order of a stored key against the row's; neither is NULL. */
function orderCode(emitter: Emitter, { right }: JoinKey, code: StoreCode, at: number, row: string, value: Value): string {
  const { type } = right;
  const { use } = emitter.unit;
  const { kind, like } = code.columns[at];
  const { data } = code.stored(emitter, at, row);
  if (isTextType(type)) return `${use('compareText')}(${kind === 't' ? code.textAt(emitter, at, row) : data},${value.code})`;
  const isScaled = kind === 'd' && value.rep === 'd' && like.scale === value.scale;
  if (isWordType(type) || (isLongType(type) && kind === 'd') || (type.name === 'numeric' && isScaled))
    return `(${data}<${value.code}?-1:${data}>${value.code}?1:0)`;
  const compare = emitter.unit.function(comparatorOf(type.name), `order of ${type.name}`);
  if (isFloatType(type)) return `${compare}(${data},${value.code})`;
  if (kind === 'l') return `${compare}(${data}===${data}?${data}:${code.name(emitter)}.big(${at},${row}),${value.code})`;
  return `${compare}(${notNullCode({ ...like, code: data, nil: 'false' }, use)},${notNullCode(value, use)})`;
}

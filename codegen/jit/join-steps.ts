/** The candidates of each kind of join: what emitMatches goes through (join-code.ts). */

import type { ApplyMemo, HashProbe, LoopJoin, PhysicalJoin } from '../../engine/plan/physical.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import { emitJump } from './conditions.ts';
import type { Emitter } from './emitter.ts';
import { indexCandidates } from './index-join.ts';
import { buildOf, type JoinBuild } from './join-build.ts';
import { type Candidates, emitMatches } from './join-code.ts';
import { mergeCandidates, type WindowJoin, windowCandidates } from './join-merge.ts';
import { emitPiece, type PieceJoin } from './join-pieces.ts';
import { emitShare } from './row-share.ts';
import { emitAnswer, rowReaders } from './subplan-code.ts';
import { canonicalKey, emitHash, emitKeys, keyTest, type RowKeys } from './join-keys.ts';

export function emitJoin(
  emitter: Emitter,
  builder: Builder,
  join: PhysicalJoin | PieceJoin | WindowJoin,
  behind: () => void,
): void {
  switch (join.node) {
    case 'HashProbe':
    case 'LoopJoin':
      emitMatches(emitter, join, collectedCandidates(emitter, builder, join), behind);
      return;
    case 'PieceJoin':
      emitPiece(emitter, builder, join, () => collectedCandidates(emitter, builder, join.join), behind);
      return;
    case 'MergeJoin':
      emitMatches(emitter, join, mergeCandidates(emitter, builder, join), behind);
      return;
    case 'WindowJoin':
      emitMatches(emitter, join.join, windowCandidates(emitter, builder, join), behind);
      return;
    case 'ApplyMemo':
      emitMatches(emitter, join, plannedCandidates(emitter, join), behind);
      return;
    case 'IndexJoin':
      if (join.share !== undefined) emitShare(emitter, builder, join);
      emitMatches(emitter, join, indexCandidates(emitter, builder, join), behind);
      return;
  }
}

const collectedCandidates = (emitter: Emitter, builder: Builder, join: HashProbe | LoopJoin): Candidates =>
  join.node === 'HashProbe' ? hashCandidates(emitter, builder, join) : allCandidates(emitter, builder, join);

/** Leaves out rows for whose keys there is nothing, whatever the join then does with those that it finds. */
export function emitExists(emitter: Emitter, builder: Builder, join: HashProbe): void {
  emitMatches(emitter, { ...join, kind: 'semi', condition: null }, hashCandidates(emitter, builder, join), () => {});
}

/** The rows of a subplan. */
function plannedCandidates(emitter: Emitter, join: ApplyMemo): Candidates {
  const use = emitter.unit.subplan(join.plan, 'rows');
  const rows = emitAnswer(emitter, use, join.outer);
  emitter.shared.add(rows);
  const match = emitter.name('m');
  emitter.emit(`let ${match}=${rows}.length>1?1:0;`);
  return {
    match,
    next: `${match}<${rows}.length-1?${match}+1:0`,
    test: '',
    isUnique: false,
    readers: () => rowReaders(use.plan, rows, match),
    note: '',
    openKeys: null,
  };
}

/** Every row of the other side. */
function allCandidates(emitter: Emitter, builder: Builder, join: LoopJoin): Candidates {
  const build = buildOf(builder, join);
  const store = build.store.name(emitter);
  const count = emitter.hoist(`${store}_count`, `${store}.count`);
  const match = emitter.name('m');
  emitter.emit(`let ${match}=${count}>0?1:0;`);
  return {
    match,
    next: `${match}<${count}?${match}+1:0`,
    test: '',
    isUnique: false,
    readers: (isFound) => build.readers(match, isFound),
    note: build.note(emitter, match),
    openKeys: null,
  };
}

function hashCandidates(emitter: Emitter, builder: Builder, join: HashProbe): Candidates {
  const build = buildOf(builder, join);
  const keys = emitKeys(emitter, join.keys, 'left');
  const match = emitter.name('m');
  const store = build.store.name(emitter);
  const next = emitter.hoist(`${store}_next`, `${store}.next`);
  const test = keys.nil === 'true' ? '' : emitLookup(emitter, build, keys, match);
  if (keys.nil === 'true') emitter.emit(`let ${match}=0;`);
  return {
    match,
    next: `${next}[${match}]`,
    test,
    isUnique: join.unique,
    readers: (isFound) => build.readers(match, isFound),
    note: build.note(emitter, match),
    openKeys: (unknown, condition) => emitOpenKeys(emitter, build, keys, unknown, condition),
  };
}

/** Writes what finds the first candidate; the test of a candidate. */
function emitLookup(emitter: Emitter, build: JoinBuild, keys: RowKeys, match: string): string {
  const store = build.store.name(emitter);
  if (build.mode === 'map') {
    const find = `${store}.map.get(${canonicalKey(emitter, keys)})??0`;
    emitter.emit(`let ${match}=${keys.nil === 'false' ? find : `${keys.nil}?0:${find}`};`);
    return '';
  }
  const head = emitter.hoist(`${store}_head`, `${store}.head`);
  const test = keyTest(emitter, build.keys, keys, build.store, build.keyPlaces, match, 'never');
  if (build.mode === 'words') {
    const mask = emitter.hoist(`${store}_mask`, `${store}.head.length-1`);
    const hashes = emitter.hoist(`${store}_hashes`, `${store}.hashes`);
    const hash = emitHash(emitter, build.keys, keys);
    const find = `${head}[${hash}&${mask}]`;
    emitter.emit(`let ${match}=${keys.nil === 'false' ? find : `${keys.nil}?0:${find}`};`);
    return `${hashes}[${match}]===${hash}&&${test}`;
  }
  const [base, factor, shift] = ['base', 'factor', 'shift'].map((field) =>
    emitter.hoist(`${store}_${field}`, `${store}.${field}`),
  );
  const place = emitter.hold(`Math.imul(${keys.values[0].code}-${base}|0,${factor})>>>${shift}`);
  const isInside = `${keys.nil === 'false' ? '' : `!(${keys.nil})&&`}${place}<${head}.length`;
  emitter.emit(`let ${match}=${isInside}?${head}[${place}]:0;`);
  return test;
}

/**
 * Whether a NULL leaves it open if there is a match: a row for which no key differs and the condition is not false, where some key is
 * NULL. With a NULL among the row's own keys all rows are looked at, else those with a NULL.
 */
function emitOpenKeys(
  emitter: Emitter,
  build: JoinBuild,
  keys: RowKeys,
  unknown: string,
  condition: BoundExpression | null,
): void {
  const isNullable = build.keyPlaces.some((place) => build.store.columns[place].nullable);
  if (keys.nil === 'false' && !isNullable) return;
  const store = build.store.name(emitter);
  const rows = emitter.hoist(`${store}_unlinked`, `${store}.unlinked`);
  const [at, row, all] = [emitter.name('j'), emitter.name('m'), emitter.name('a')];
  const skip = emitter.name('K');
  for (const [column, reader] of build.readers(row, true)) emitter.columns.set(column, reader);
  const test = keyTest(emitter, build.keys, keys, build.store, build.keyPlaces, row, 'null');
  const code = emitter.apart(() => {
    if (condition !== null) emitJump(emitter, condition, 'false', skip);
  });
  emitter.emit(
    `const ${all}=${keys.nil};for(let ${at}=0;${at}<(${all}?${store}.count:${rows}.length);${at}++){` +
      `const ${row}=${all}?${at}+1:${rows}[${at}];${skip}:{if(!(${test}))break ${skip};${code}${unknown}=true;}if(${unknown})break;}`,
  );
}

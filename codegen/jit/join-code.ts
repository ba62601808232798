/**
 * Joins as steps: code that looks a row's matches up and, for each of them, runs what stands behind the join.
 *
 *   m          the match at hand, 0: none; `next` goes on to another candidate, `test` says whether its keys are the row's
 *   a loop     inner, left, right, full: the code behind stands in it, under a label of its own
 *   no loop    semi, anti, mark, single, and what finds one row at most: the first match is looked for, and the row goes on
 *
 *   left   for (;;) { find; if (m === 0) { if (found) break; } else found = true;  ...behind...  if (m === 0) break; m = next; }
 */

import type { JoinKind, PhysicalJoin } from '../../engine/plan/physical.ts';
import type { BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { emitJump } from './conditions.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { emitTest } from './expressions.ts';
import { makeValue } from './value.ts';

/** The rows that may match the row at hand. */
export interface Candidates {
  /** Local with the one at hand; it is declared, and stands at the first. */
  readonly match: string;
  /** Expression of the next one; 0: none. */
  readonly next: string;
  /** Condition that the candidate has the row's keys; '': it has. */
  readonly test: string;
  /** At most one of them matches. */
  readonly isUnique: boolean;
  /** What a candidate must satisfy to be one: false and NULL are the same here. */
  readonly filter?: BoundExpression | null;
  /** Readers of the other side's columns. `isFound` false: it may be missing; `isTried`: of a candidate that is still looked at. */
  readonly readers: (isFound: boolean, isTried?: boolean) => ReadonlyMap<ColumnId, ColumnReader>;
  /** Statement that notes that the candidate has matched. */
  readonly note: string;
  /** Of 'mark': writes code that sets local `unknown` when a NULL in the keys leaves it open whether there is a match. */
  readonly openKeys: ((unknown: string, condition: BoundExpression | null) => void) | null;
}

const LOOPS: ReadonlySet<JoinKind> = new Set(['inner', 'left', 'right', 'full']);
/** Those whose rows may come without one of the other side. */
const LACKS: ReadonlySet<JoinKind> = new Set(['left', 'full', 'single']);

export function emitMatches(emitter: Emitter, join: PhysicalJoin, candidates: Candidates, behind: () => void): void {
  emitter.shared.add(candidates.match);
  if (join.kind === 'mark') emitMark(emitter, join, candidates);
  else if (LOOPS.has(join.kind) && !candidates.isUnique) {
    emitter.needCalls();
    emitLoop(emitter, join, candidates, behind);
    return;
  } else emitFirst(emitter, join, candidates);
  behind();
}

function addColumns(emitter: Emitter, readers: ReadonlyMap<ColumnId, ColumnReader>): void {
  for (const [column, reader] of readers) emitter.columns.set(column, reader);
}

/** What `body` declares is not seen outside. */
function inside(emitter: Emitter, body: () => void): string {
  const locals = new Map(emitter.locals);
  const shared = new Set(emitter.shared);
  const code = emitter.apart(body);
  emitter.locals.clear();
  for (const [local, value] of locals) emitter.locals.set(local, value);
  emitter.shared = shared;
  return code;
}

/** Long searches look at the cancel word; pages are not held while they run. */
const ticking = (emitter: Emitter, next: string): string => {
  if (!emitter.wide) return next;
  const ticks = emitter.change('q', '0');
  return `((++${ticks}&4095)===0&&c.tick(),${next})`;
};

/** Moves the match on to the first candidate, from where it stands, that satisfies everything. */
function emitFind(emitter: Emitter, { condition }: PhysicalJoin, candidates: Candidates, onNull = ''): void {
  const { match, test, isUnique, filter = null } = candidates;
  const next = isUnique ? candidates.next : ticking(emitter, candidates.next);
  if (condition === null && filter === null) {
    if (test !== '') emitter.emit(`while(${match}!==0&&!(${test}))${match}=${next};`);
    return;
  }
  addColumns(emitter, candidates.readers(true, true));
  const found = emitter.name('F');
  const skip = emitter.name('K');
  const code = inside(emitter, () => {
    if (filter !== null) emitJump(emitter, filter, 'notTrue', skip);
    if (condition === null) return;
    if (onNull === '') emitJump(emitter, condition, 'notTrue', skip);
    else {
      const { yes, nil } = emitTest(emitter, condition);
      if (nil !== 'false') emitter.emit(`if(${nil}){${onNull}break ${skip};}`);
      emitter.emit(`if(!(${yes}))break ${skip};`);
    }
  });
  const isKey = test === '' ? '' : `if(!(${test}))break ${skip};`;
  emitter.emit(`${found}:for(;${match}!==0;${match}=${next}){${skip}:{${isKey}${code}break ${found};}}`);
}

function emitFirst(emitter: Emitter, join: PhysicalJoin, candidates: Candidates): void {
  const { kind } = join;
  const { match, note } = candidates;
  emitFind(emitter, join, candidates);
  if (kind === 'anti') {
    emitter.emit(`if(${match}!==0)break ${emitter.row};`);
    return;
  }
  if (!LACKS.has(kind)) emitter.emit(`if(${match}===0)break ${emitter.row};`);
  if (kind === 'semi') return;
  if (kind === 'single' && !candidates.isUnique) emitSecond(emitter, join, candidates);
  if (note !== '') emitter.emit(LACKS.has(kind) ? `if(${match}!==0)${note}` : note);
  addColumns(emitter, candidates.readers(!LACKS.has(kind)));
}

/** 21000 when there is another match. */
function emitSecond(emitter: Emitter, join: PhysicalJoin, candidates: Candidates): void {
  // Nothing is thrown while a page is held.
  emitter.needCalls();
  const { match } = candidates;
  const kept = emitter.name('w');
  const code = inside(emitter, () => {
    emitter.emit(`${match}=${candidates.next};`);
    emitFind(emitter, join, candidates);
  });
  emitter.emit(
    `if(${match}!==0){const ${kept}=${match};${code}if(${match}!==0)${emitter.unit.use('refuseSecondRow')}();${match}=${kept};}`,
  );
}

function emitMark(emitter: Emitter, join: PhysicalJoin, candidates: Candidates): void {
  const { match, openKeys } = candidates;
  const unknown = emitter.name('nk');
  emitter.emit(`let ${unknown}=false;`);
  emitFind(emitter, join, candidates, `${unknown}=true;`);
  if (openKeys !== null) {
    const code = inside(emitter, () => openKeys(unknown, join.condition));
    if (code !== '') emitter.emit(`if(${match}===0&&!${unknown}){${code}}`);
  }
  const mark = emitter.hold(`${match}!==0?1:0`);
  const nil = emitter.hold(`${match}===0&&${unknown}`);
  emitter.shared.add(mark).add(nil);
  emitter.columns.set(join.mark, () => makeValue('i', sqlType('bool'), mark, nil));
}

function emitLoop(emitter: Emitter, join: PhysicalJoin, candidates: Candidates, behind: () => void): void {
  const { match, note } = candidates;
  const keepsRow = LACKS.has(join.kind);
  const loop = emitter.name('M');
  const outer = emitter.row;
  const found = keepsRow ? emitter.name('e') : '';
  const code = emitter.apart(() => {
    emitFind(emitter, join, candidates);
    if (keepsRow) emitter.emit(`if(${match}===0){if(${found})break ${loop};}else{${found}=true;${note}}`);
    else emitter.emit(`if(${match}===0)break ${loop};${note}`);
    addColumns(emitter, candidates.readers(!keepsRow));
    emitter.row = emitter.name('r');
    emitter.isMany = true;
    const body = emitter.apart(behind);
    emitter.emit(`${emitter.row}:{${body}}`);
    emitter.row = outer;
    if (emitter.wide) emitter.emit(`if(c.finished)break ${loop};`);
    if (keepsRow) emitter.emit(`if(${match}===0)break ${loop};`);
    emitter.emit(`${match}=${ticking(emitter, candidates.next)};`);
  });
  emitter.emit(`${keepsRow ? `let ${found}=false;` : ''}${loop}:for(;;){${code}}`);
}

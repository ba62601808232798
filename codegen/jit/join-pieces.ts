/**
 * Joins whose collected side does not fit, piece by piece: the rows that wait are looked up in one piece after the other, and
 * what each has found is noted beside it (ParkedRows.flags).
 *
 *   matches   once a piece: pairs go on; of semi joins a row with its first match; of anti and mark joins nothing yet
 *   rest      once, behind the last piece: rows that have found none (left, full, single, anti), rows with their mark
 */

import type { HashProbe, JoinKind, LoopJoin } from '../../engine/plan/physical.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { buildOf } from './join-build.ts';
import { type Candidates, emitMatches } from './join-code.ts';
import { makeValue } from './value.ts';

/** A step of the tail: the join in one of these passes. */
export interface PieceJoin {
  readonly node: 'PieceJoin';
  readonly join: HashProbe | LoopJoin;
  readonly pass: 'matches' | 'rest';
}

/** Nothing was found; a match; a NULL leaves it open. */
const FOUND = 1;
const UNKNOWN = 2;

export const HAS_REST: ReadonlySet<JoinKind> = new Set(['left', 'full', 'single', 'anti', 'mark']);

/** `candidates`: of the piece that is there, for the row that the emitter stands at. */
export function emitPiece(
  emitter: Emitter,
  builder: Builder,
  { join, pass }: PieceJoin,
  candidates: () => Candidates,
  behind: () => void,
): void {
  const build = buildOf(builder, join);
  const parked = build.parked.name(emitter);
  const flag = `${emitter.hoist(`${parked}_f`, `${parked}.flags`)}[${emitter.hoist(`${parked}_b`, `${parked}.base`)}+g]`;
  if (pass === 'matches') emitFound(emitter, join, flag, candidates, behind);
  else if (join.kind === 'mark') {
    const [mark, nil] = [emitter.hold(`${flag}===${FOUND}?1:0`), emitter.hold(`${flag}===${UNKNOWN}`)];
    emitter.shared.add(mark).add(nil);
    emitter.columns.set(join.mark, () => makeValue('i', sqlType('bool'), mark, nil));
    behind();
  } else {
    emitter.emit(`if(${flag}!==0)break ${emitter.row};`);
    if (join.kind !== 'anti') {
      const none = emitter.hold('0');
      emitter.shared.add(none);
      for (const [column, reader] of build.readers(none, false)) emitter.columns.set(column, reader);
    }
    behind();
  }
}

function emitFound(
  emitter: Emitter,
  join: PieceJoin['join'],
  flag: string,
  candidates: () => Candidates,
  behind: () => void,
): void {
  const { kind } = join;
  const found = `${flag}=${FOUND};`;
  const note = (by: Candidates, code: string): Candidates => ({ ...by, note: `${by.note}${code}` });
  switch (kind) {
    case 'left':
      emitMatches(emitter, { ...join, kind: 'inner' }, note(candidates(), found), behind);
      return;
    case 'full':
      emitMatches(emitter, { ...join, kind: 'right' }, note(candidates(), found), behind);
      return;
    case 'single':
      emitMatches(
        emitter,
        { ...join, kind: 'inner' },
        note(candidates(), `if(${flag}!==0)${emitter.unit.use('refuseSecondRow')}();${found}`),
        behind,
      );
      return;
    case 'semi':
    case 'anti':
      emitter.emit(`if(${flag}!==0)break ${emitter.row};`);
      emitMatches(emitter, { ...join, kind: 'semi' }, candidates(), () => {
        emitter.emit(found);
        if (kind === 'semi') behind();
      });
      return;
    case 'mark':
      emitter.emit(`if(${flag}===${FOUND})break ${emitter.row};`);
      emitMatches(emitter, join, candidates(), () => {
        const { code, nil } = (emitter.columns.get(join.mark) as ColumnReader)(emitter);
        emitter.emit(`if(${code}!==0)${found}else if(${nil})${flag}=${UNKNOWN};`);
      });
      return;
    default:
      emitMatches(emitter, join, candidates(), behind);
  }
}

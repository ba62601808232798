/**
 * The steps of a stage between its source and its sink, row by row in the wide rendering: `r` is the label of the row.
 */

import { COUNT_ROWS } from '../../engine/plan/counted.ts';
import type { Compute, LimitCount, LockRow } from '../../engine/plan/physical.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';
import {
  LOCK_KEY_SHARE,
  LOCK_NO_KEY_UPDATE,
  LOCK_NOWAIT,
  LOCK_SHARE,
  LOCK_SKIPS,
  LOCK_UPDATE,
  LOCK_WAITS,
} from '../../engine/txn/row-locks.ts';
import type { Builder } from './builder.ts';
import { emitJump } from './conditions.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { emitDistinct } from './distinct.ts';
import { emitJoin } from './join-steps.ts';
import { keyCode } from './keys.ts';
import { emitRename, emitSetCount } from './set-operations.ts';
import type { Step } from './stages.ts';
import { slotCode, slotValue } from './value.ts';

/** What begins anew with a stage: the counters of a limit, or a part. */
export type StepState = LimitCounter | { readonly begins: number };
export interface LimitCounter {
  readonly counter: number;
  readonly limit: BoundExpression | null;
  readonly offset: BoundExpression | null;
}

/** Writes the steps, and `behind` them what is done with a row that has come through. Conditions that were looked at are left out
 * by the caller. */
export function emitSteps(
  emitter: Emitter,
  builder: Builder,
  steps: readonly Step[],
  limits: StepState[],
  behind: () => void,
): void {
  const [step, ...rest] = steps;
  if (step === undefined) {
    behind();
    return;
  }
  switch (step.node) {
    case 'Filter':
      emitJump(emitter, step.condition, 'notTrue', emitter.row);
      break;
    case 'Compute':
      emitCompute(emitter, step);
      break;
    case 'HashDistinct':
      limits.push({ begins: emitDistinct(emitter, builder, step) });
      break;
    case 'LimitCount':
      limits.push(emitLimit(emitter, builder, step));
      break;
    case 'LockRow':
      emitLock(emitter, builder, step);
      break;
    case 'Counted':
      emitter.emit(`${emitter.hoist('N', 'c.run.counts')}[${step.counter + COUNT_ROWS}]++;`);
      break;
    case 'Rename':
      emitRename(emitter, step);
      break;
    case 'SetCount':
      emitSetCount(emitter, step, () => emitSteps(emitter, builder, rest, limits, behind));
      return;
    default:
      emitJoin(emitter, builder, step, () => emitSteps(emitter, builder, rest, limits, behind));
      return;
  }
  emitSteps(emitter, builder, rest, limits, behind);
}

const isLeaf = ({ op }: BoundExpression): boolean => op === 'column' || op === 'parameter' || op === 'constant';

/** Leaves are other names of what is there; everything else is evaluated once, here. */
function emitCompute(emitter: Emitter, { columns }: Compute): void {
  const added: [number, ColumnReader][] = columns.map(({ column, expression }) => {
    if (isLeaf(expression)) {
      const source = expression.op === 'column' ? emitter.columns.get(expression.column) : undefined;
      return [column, source ?? ((reader) => emitValue(reader, expression))];
    }
    const value = emitValue(emitter, expression);
    if (value.nil === 'true') return [column, () => value];
    const name = emitter.hold(slotCode(value));
    emitter.shared.add(name);
    const held = slotValue(value, name);
    return [column, () => held];
  });
  for (const [column, reader] of added) emitter.columns.set(column, reader);
}

/** In the page expressions are written where they are used. */
export function lazyCompute(emitter: Emitter, { columns }: Compute): void {
  const before = new Map(emitter.columns);
  for (const { column, expression } of columns) {
    emitter.columns.set(column, (reader) => {
      const now = new Map(reader.columns);
      for (const [id, given] of before) reader.columns.set(id, given);
      try {
        return emitValue(reader, expression);
      } finally {
        for (const [id, given] of now) reader.columns.set(id, given);
      }
    });
  }
}

function emitLimit(emitter: Emitter, builder: Builder, step: LimitCount): LimitCounter {
  const { limit, offset } = step;
  const counter = builder.own(step, () => {
    builder.counters += 2;
    return builder.counters - 2;
  });
  const counters = emitter.hoist('C', 'c.counters');
  if (offset !== null) emitter.emit(`if(${counters}[${counter}]>0){${counters}[${counter}]--;break ${emitter.row};}`);
  if (step.ties !== undefined && step.ties.length > 0) emitTies(emitter, builder, step, `${counters}[${counter + 1}]`);
  else if (limit !== null) emitter.emit(`if(--${counters}[${counter + 1}]<=0)c.finished=true;`);
  return { counter, limit, offset };
}

/** WITH TIES: the keys of the last row are kept, the rows behind it go on while they have the same. */
function emitTies(emitter: Emitter, builder: Builder, step: LimitCount, left: string): void {
  const { use } = emitter.unit;
  const kept = builder.own(step.ties as object, () => builder.part(() => ({ keys: [] })));
  const last = emitter.hoist(`T${kept}`, `c.parts[${kept}]`);
  const keys = (step.ties as NonNullable<LimitCount['ties']>).map(({ expression }) => {
    const value = emitValue(emitter, expression);
    if (value.nil === 'true') return 'null';
    return emitter.hold(value.nil === 'false' ? keyCode(value, use) : `${value.nil}?null:${keyCode(value, use)}`);
  });
  const differ = keys.map((key, index) => `(${key}!==k[${index}]&&(${key}===${key}||k[${index}]===k[${index}]))`).join('||');
  emitter.emit(
    `if(${left}>0){if(--${left}===0)${last}.keys=[${keys.join(',')}];}` +
      `else{const k=${last}.keys;if(${differ}){c.finished=true;break ${emitter.row};}}`,
  );
}

const STRENGTHS = {
  update: LOCK_UPDATE,
  noKeyUpdate: LOCK_NO_KEY_UPDATE,
  share: LOCK_SHARE,
  keyShare: LOCK_KEY_SHARE,
} as const;
const POLICIES = { wait: LOCK_WAITS, nowait: LOCK_NOWAIT, skip: LOCK_SKIPS } as const;

/** The row is locked as the snapshot sees it, or the statement waits or runs again; so what was read of it holds. */
function emitLock(emitter: Emitter, builder: Builder, { table, rowId, strength, wait }: LockRow): void {
  const catalog = builder.catalog(table);
  const runtime = emitter.unit.constant(builder.environment.runtime(catalog), 'the table');
  const { code, nil } = (emitter.columns.get(rowId) as ColumnReader)(emitter);
  // Of a table with children: the row is another one's.
  if (nil === 'true') return;
  const call = `${emitter.unit.use('lockNoted')}(c,${runtime},${code},${STRENGTHS[strength]},${POLICIES[wait]})`;
  const status = emitter.hold(nil === 'false' ? call : `${nil}?1:${call}`);
  emitter.emit(`if(${status}!==1){if(c.stopped!==0)return i;break ${emitter.row};}`);
}

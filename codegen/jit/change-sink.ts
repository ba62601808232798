/** The sink of a change, as a statement of its own or in a WITH; what it reads of its source's rows. */

import type { PhysicalChange, PhysicalStatement } from '../../engine/plan/physical.ts';
import type { BoundNewRow, ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import { InsertSink, type Keep } from './change-code.ts';
import { MergeSink } from './change-merge.ts';
import { SpreadSink } from './change-spread.ts';
import { DeleteSink, UpdateSink } from './change-update.ts';
import { eachColumn, type Emitter } from './emitter.ts';
import type { Sink } from './stage-code.ts';

/** Columns of the root's rows that the statement itself reads. */
export function columnsRead(plan: PhysicalStatement): ColumnId[] {
  const read: ColumnId[] = plan.output.map(({ column }) => column);
  if (plan.kind === 'query') return read;
  const add = (column: ColumnId): void => void read.push(column);
  for (const { expression } of plan.returning) eachColumn(expression, add);
  if (plan.kind !== 'insert' && plan.rowId >= 0) add(plan.rowId);
  if (plan.kind === 'merge') add(plan.present);
  for (const row of rowsOf(plan)) {
    for (const { expression } of row.attributes) eachColumn(expression, add);
    for (const { expression } of row.checks) eachColumn(expression, add);
  }
  if (plan.kind === 'merge') for (const { condition } of plan.whens) if (condition !== null) eachColumn(condition, add);
  if (plan.kind === 'spread')
    for (const { condition, values, conflict } of plan.branches) {
      for (const one of [condition, conflict?.where ?? null, ...values]) if (one !== null) eachColumn(one, add);
    }
  return read;
}

/** The new rows that a change makes. */
function rowsOf(plan: PhysicalChange): readonly BoundNewRow[] {
  if (plan.kind === 'delete') return [];
  if (plan.kind === 'spread')
    return plan.branches.flatMap(({ row, conflict }) => [row, conflict?.change ?? null].filter((one) => one !== null));
  return plan.kind === 'merge' ? plan.whens.flatMap(({ row }) => (row === null ? [] : [row])) : [plan.row];
}

/** The sink, and the number of its part, which begins with each run. */
export function changeSink(builder: Builder, plan: PhysicalChange, keep: Keep): { readonly sink: Sink; readonly part: number } {
  switch (plan.kind) {
    case 'insert': {
      const sink = new InsertSink(builder, plan, keep);
      builder.tables.add(builder.environment.runtime(builder.catalog(plan.table)).id);
      return { sink: { kind: 'change', emit: (emitter) => sink.emit(emitter) }, part: sink.part };
    }
    case 'update': {
      const sink = new UpdateSink(builder, plan, keep);
      const emit = (emitter: Emitter, isImage: boolean): void => sink.emit(emitter, isImage ? { views: 'v', row: 'row' } : null);
      return { sink: { kind: 'change', emit }, part: sink.part };
    }
    case 'merge': {
      const sink = new MergeSink(builder, plan);
      builder.tables.add(builder.environment.runtime(builder.catalog(plan.table)).id);
      return { sink: { kind: 'change', emit: (emitter) => sink.emit(emitter) }, part: sink.part };
    }
    case 'spread': {
      const sink = new SpreadSink(builder, plan, keep);
      return { sink: { kind: 'change', emit: (emitter) => sink.emit(emitter) }, part: sink.part };
    }
    case 'delete': {
      const sink = new DeleteSink(builder, plan, keep);
      return { sink: { kind: 'change', emit: (emitter) => sink.emit(emitter) }, part: sink.part };
    }
  }
}

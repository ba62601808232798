/**
 * MERGE as a sink: a row of the source, with a row of the target beside it or alone, goes through the branches until the condition of one
 * is true. Each branch that changes something is a function of its own: what one of them has evaluated is not the others'.
 */

import type { PhysicalMerge } from '../../engine/plan/physical.ts';
import type { BoundExpression, BoundMergeWhen, BoundNewRow } from '../../engine/sblr/bound.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Builder } from './builder.ts';
import { InsertSink } from './change-code.ts';
import { DeleteSink, UpdateSink } from './change-update.ts';
import { emitJump } from './conditions.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { outline } from './outlined.ts';
import { slotCode, slotValue } from './value.ts';

/** What a branch's function answers when the statement stops. */
const STOPS = 2;

/** Rows of the target that the statement has changed. */
class MergePart {
  readonly #changed = new Set<number>();

  begin(): void {
    this.#changed.clear();
  }

  /** 21000 */
  once(rowId: number): void {
    if (!this.#changed.has(rowId)) {
      this.#changed.add(rowId);
      return;
    }
    throw new SqlError(SQLSTATE.cardinality_violation, 'MERGE command cannot affect row a second time', {
      hint: 'Ensure that not more than one source row matches any one target row.',
    });
  }
}

interface Branch {
  readonly when: BoundMergeWhen;
  /** Null: nothing is done. */
  readonly emit: ((emitter: Emitter) => void) | null;
}

export class MergeSink {
  readonly part: number;
  readonly #plan: PhysicalMerge;
  readonly #branches: readonly Branch[];

  constructor(builder: Builder, plan: PhysicalMerge) {
    this.#plan = plan;
    this.part = builder.part(() => new MergePart());
    builder.countUse(plan.present);
    for (const { condition } of plan.whens) if (condition !== null) builder.countUses(condition);
    this.#branches = plan.whens.map((when) => ({ when, emit: branchOf(builder, plan, when) }));
  }

  emit(emitter: Emitter): void {
    emitter.needCalls();
    const { present, rowId } = this.#plan;
    const value = (emitter.columns.get(rowId) as ColumnReader)(emitter);
    const id = slotValue({ ...value, nil: 'false' }, emitter.hold(slotCode({ ...value, nil: 'false' })));
    emitter.shared.add(id.code);
    emitter.columns.set(rowId, () => id);
    const alone = emitter.name('L');
    const isPresent: BoundExpression = {
      op: 'isTest',
      operand: { op: 'column', column: present, type: sqlType('bool') },
      test: 'null',
      negated: true,
      type: sqlType('bool', false),
    };
    emitter.emit(`${alone}:{`);
    emitJump(emitter, isPresent, 'notTrue', alone);
    for (const branch of this.#branches) if (branch.when.matched) this.#branch(emitter, branch, id.code);
    emitter.emit(`break ${emitter.row};}`);
    for (const branch of this.#branches) if (!branch.when.matched) this.#branch(emitter, branch, id.code);
  }

  #branch(emitter: Emitter, { when, emit }: Branch, id: string): void {
    const next = emitter.name('L');
    emitter.emit(`${next}:{`);
    if (when.condition !== null) emitJump(emitter, when.condition, 'notTrue', next);
    if (emit !== null) {
      const call = outline(emitter, (inner) => {
        inner.emit(`const i=${STOPS};`);
        if (when.matched) inner.emit(`c.parts[${this.part}].once(${id});`);
        inner.emit(`${inner.row}:{`);
        emit(inner);
        inner.emit('}return 0;');
      });
      emitter.emit(`if(${call}===${STOPS})return i;`);
    }
    emitter.emit(`break ${emitter.row};}`);
  }
}

function branchOf(builder: Builder, plan: PhysicalMerge, { action, row, changed }: BoundMergeWhen): Branch['emit'] {
  const { table, source, rowId, estimate } = plan;
  const around = { table, source, estimate, returning: [], output: [] };
  switch (action) {
    case 'nothing':
      return null;
    case 'update': {
      const sink = new UpdateSink(builder, { ...around, kind: 'update', rowId, row: row as BoundNewRow, changed });
      return (emitter) => sink.emit(emitter, null);
    }
    case 'delete': {
      const sink = new DeleteSink(builder, { ...around, kind: 'delete', rowId });
      return (emitter) => sink.emit(emitter);
    }
    case 'insert': {
      const sink = new InsertSink(builder, { ...around, kind: 'insert', row: row as BoundNewRow, conflict: null });
      return (emitter) => sink.emit(emitter);
    }
  }
}

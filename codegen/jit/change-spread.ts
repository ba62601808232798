/**
 * A change of a table whose rows lie in several (BoundSpread) as a sink: each row goes through the branches until the condition of one is
 * true. Each branch that changes something is a function of its own, as in MERGE. Where the stage reads one table alone it is known when
 * the code is written which branches its rows can take: the others are not written.
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { PhysicalSpread } from '../../engine/plan/physical.ts';
import type { BoundExpression, BoundNewRow, BoundSpreadBranch } from '../../engine/sblr/bound.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Builder } from './builder.ts';
import { InsertSink, type Keep } from './change-code.ts';
import { DeleteSink, UpdateSink } from './change-update.ts';
import { emitJump } from './conditions.ts';
import { type ColumnReader, eachColumn, type Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { outline } from './outlined.ts';
import { boxedCode, slotCode, slotValue } from './value.ts';

/** What a branch's function answers: the row is done with, the branches behind are tried, the statement stops. */
const DONE = 0;
const GOES_ON = 1;
const STOPS = 2;

/** Rows that the statement has changed, and its errors. */
class SpreadPart {
  readonly #changed = new Set<string>();

  begin(): void {
    this.#changed.clear();
  }

  /** 21000 */
  once(table: number, rowId: number): void {
    const key = `${table}.${rowId}`;
    if (this.#changed.has(key))
      throw new SqlError(SQLSTATE.cardinality_violation, 'MERGE command cannot affect row a second time', {
        hint: 'Ensure that not more than one source row matches any one target row.',
      });
    this.#changed.add(key);
  }

  /** 23514 */
  refuse({ name, schema }: CatalogTable, key: string, values: readonly (string | null)[]): never {
    throw new SqlError(SQLSTATE.check_violation, `no partition of relation "${name}" found for row`, {
      detail: `Partition key of the failing row contains (${key}) = (${values.map((one) => one ?? 'null').join(', ')}).`,
      ...{ schema, table: name },
    });
  }
}

interface Branch {
  readonly branch: BoundSpreadBranch;
  readonly emit: (emitter: Emitter) => void;
}

/** The object that a condition asks the row's table to be, and the rest of it. */
interface OfTable {
  readonly column: number;
  readonly table: number;
  readonly rest: BoundExpression | null;
}

function ofTable(condition: BoundExpression | null): OfTable | null {
  const [first, ...others] = condition?.op === 'and' ? condition.operands : [condition];
  if (first?.op !== 'call' || first.primitive !== 'oid.equal') return null;
  const [column, value] = first.arguments;
  if (column.op !== 'column' || value.op !== 'constant') return null;
  const rest =
    others.length === 0 ? null : others.length === 1 ? others[0] : { ...(condition as BoundExpression), operands: others };
  return { column: column.column, table: Number(value.value), rest: rest as BoundExpression | null };
}

export class SpreadSink {
  readonly part: number;
  readonly #plan: PhysicalSpread;
  readonly #branches: readonly Branch[];

  constructor(builder: Builder, plan: PhysicalSpread, keep: Keep = null) {
    this.#plan = plan;
    builder.tables.add(builder.environment.runtime(builder.catalog(plan.table)).id);
    this.part = builder.part(() => new SpreadPart());
    for (const { condition, values } of plan.branches) {
      if (condition !== null) builder.countUses(condition);
      for (const value of values) builder.countUses(value);
    }
    this.#branches = plan.branches.map((branch) => ({ branch, emit: this.#branchOf(builder, branch, keep) }));
  }

  emit(emitter: Emitter): void {
    emitter.needCalls();
    const { rowId } = this.#plan;
    if (rowId >= 0) {
      const value = (emitter.columns.get(rowId) as ColumnReader)(emitter);
      const id = slotValue({ ...value, nil: 'false' }, emitter.hold(slotCode({ ...value, nil: 'false' })));
      emitter.shared.add(id.code);
      emitter.columns.set(rowId, () => id);
    }
    this.#holdRead(emitter);
    for (const one of this.#branches) this.#branch(emitter, one);
    emitter.emit(`break ${emitter.row};`);
  }

  /** What several branches read is evaluated once, before them. */
  #holdRead(emitter: Emitter): void {
    const read = new Set<number>();
    const add = (column: number): void => void read.add(column);
    for (const { branch } of this.#branches) {
      const condition = this.#conditionOf(emitter, branch);
      if (condition === undefined) continue;
      for (const one of [condition, ...branch.values]) if (one !== null) eachColumn(one, add);
      for (const { attribute, expression } of branch.row?.attributes ?? [])
        if (branch.action === 'insert' || branch.changed.includes(attribute)) eachColumn(expression, add);
    }
    for (const column of read) {
      const value = emitter.columns.get(column)?.(emitter);
      // Constants, and what is in a local already.
      if (value === undefined || value.nil === 'true' || /^\d+$/.test(value.code)) continue;
      const held = slotValue(value, emitter.hold(slotCode(value)));
      emitter.shared.add(held.code);
      emitter.columns.set(column, () => held);
    }
  }

  /** The condition of a branch for the rows of this stage; undefined: none of them takes it. */
  #conditionOf(emitter: Emitter, { condition }: BoundSpreadBranch): BoundExpression | null | undefined {
    const only = ofTable(condition);
    const known = only === null ? null : emitter.columns.get(only.column)?.(emitter).code;
    if (only === null || known == null || !/^\d+$/.test(known)) return condition;
    return Number(known) === only.table ? only.rest : undefined;
  }

  #branch(emitter: Emitter, { branch, emit }: Branch): void {
    const condition = this.#conditionOf(emitter, branch);
    if (condition === undefined) return;
    const next = emitter.name('L');
    emitter.emit(`${next}:{`);
    if (condition !== null) emitJump(emitter, condition, 'notTrue', next);
    if (branch.action !== 'nothing') {
      const call = outline(emitter, (inner) => {
        inner.emit(`const i=${STOPS};`);
        inner.emit(`${inner.row}:{`);
        emit(inner);
        inner.emit(`return ${branch.action === 'leave' ? GOES_ON : DONE};}return ${DONE};`);
      });
      const status = emitter.hold(call);
      emitter.emit(`if(${status}===${STOPS})return i;`);
      if (branch.action === 'leave') emitter.emit(`if(${status}===${GOES_ON})break ${next};`);
    }
    emitter.emit(`break ${emitter.row};}`);
  }

  #once(emitter: Emitter, table: number): void {
    if (this.#plan.command !== 'merge') return;
    const id = (emitter.columns.get(this.#plan.rowId) as ColumnReader)(emitter).code;
    emitter.emit(`c.parts[${this.part}].once(${table},${id});`);
  }

  #branchOf(builder: Builder, branch: BoundSpreadBranch, keep: Keep): (emitter: Emitter) => void {
    const { source, rowId, estimate, returning, output } = this.#plan;
    const { action, table, changed, conflict } = branch;
    const row = branch.row as BoundNewRow;
    const around = { table, source, estimate, returning, output };
    if (action !== 'nothing' && action !== 'refuse') builder.tables.add(builder.environment.runtime(builder.catalog(table)).id);
    switch (action) {
      case 'nothing':
        return () => {};
      case 'refuse':
        return (emitter) => this.#refuse(emitter, branch, builder.catalog(table));
      case 'update': {
        const sink = new UpdateSink(builder, { ...around, kind: 'update', rowId, row, changed }, keep);
        return (emitter) => {
          this.#once(emitter, table);
          sink.emit(emitter, null);
        };
      }
      case 'delete': {
        const sink = new DeleteSink(builder, { ...around, kind: 'delete', rowId }, keep);
        return (emitter) => {
          this.#once(emitter, table);
          sink.emit(emitter);
        };
      }
      case 'leave': {
        const sink = new DeleteSink(builder, { ...around, kind: 'delete', rowId, returning: [], output: [] });
        return (emitter) => {
          this.#once(emitter, table);
          sink.emit(emitter);
          // It comes back in another table: that is one change.
          emitter.emit('c.changes--;');
        };
      }
      case 'insert': {
        const sink = new InsertSink(builder, { ...around, kind: 'insert', row, conflict }, keep);
        return (emitter) => sink.emit(emitter);
      }
    }
  }

  #refuse(emitter: Emitter, { key, values }: BoundSpreadBranch, table: CatalogTable): void {
    const shown = values.map((value) => emitter.hold(boxedCode(emitValue(emitter, value), emitter.unit.use)));
    const name = emitter.unit.constant(key, 'a partition key');
    const refused = emitter.unit.constant(table, 'a partitioned table');
    emitter.emit(`c.parts[${this.part}].refuse(${refused},${name},[${shown.join(',')}]);`);
  }
}

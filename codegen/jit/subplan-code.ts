/** Subplans in generated code: how they are compiled, what they are asked, and what they answer. */

import type { Subplan } from '../../engine/plan/physical.ts';
import type { BoundExpression, BoundSubplan, ColumnId } from '../../engine/sblr/bound.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import type { Builder } from './builder.ts';
import { type ColumnReader, type Emitter, NotInPage } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { keyCode } from './keys.ts';
import { isTextType } from './leaves.ts';
import { makeStages } from './make-stages.ts';
import { eachNode, expressionsOf } from './needed.ts';
import type { Sink } from './stage-code.ts';
import { stagesOf } from './stages.ts';
import type { State } from './state.ts';
import { type SubplanKind, SubplanPart, type SubplanParts } from './subplan.ts';
import { boxedCode, isLongType, isWordType, makeValue, plainRep, slotCode, slotValue, type Value } from './value.ts';

/** A subplan where it is used. */
export interface SubplanUse {
  /** Number of its SubplanPart. */
  readonly part: number;
  readonly plan: Subplan;
}

/** How a value of a type is handed over: words and doubles as they are, everything else as a RowValue; NULL is null. */
function plainCode(value: Value, use: (helper: string) => string): string {
  return plainRep(value.type) === 'v' ? boxedCode(value, use) : slotCode(value);
}

const plainValue = (type: SqlType, code: string): Value =>
  slotValue(makeValue(plainRep(type), type, code, 'maybe', 0, isWordType(type) ? type.digits : 0), code);

/** Columns of the blocks around, inside: they are the same for a whole run. */
function outerReaders({ outer }: Subplan): Map<ColumnId, ColumnReader> {
  return new Map(outer.map(({ column, type }, at) => [column, (emitter: Emitter) => outerValue(emitter, type, at)]));
}

function outerValue(emitter: Emitter, type: SqlType, at: number): Value {
  const name = emitter.hoist(`o${at}`, `c.outer[${at}]`);
  if (emitter.wide || plainRep(type) !== 'v') return plainValue(type, name);
  const nil = `${name}===null`;
  if (isLongType(type)) {
    const isBig = emitter.hoist(`o${at}b`, `typeof ${name}==='bigint'`);
    emitter.emit(`if(${isBig})${emitter.exit}`);
    return makeValue('d', type, name, nil);
  }
  if (!isTextType(type)) throw new NotInPage();
  const bytes = emitter.hoist(`o${at}b`, `c.outerBytes(${at})`);
  return { ...makeValue('b', type, '0', nil), length: `${bytes}.length`, memory: bytes };
}

/** Compiles a subplan for the places where it stands in the plan of `builder`: once for each kind of answer. */
export function subplanUse(builder: Builder, number: number, kind: SubplanKind): SubplanUse {
  const plan = builder.subplans[number];
  return builder.own(plan, () => {
    builder.hasSubplans = true;
    const made: { parts: SubplanParts | null } = { parts: null };
    const part = builder.part(partOf(made));
    made.parts = compileSubplan(builder, plan, kind);
    return { part, plan };
  });
}

/** Made apart, so that the program does not keep the builder. */
const partOf =
  (made: { readonly parts: SubplanParts | null }) =>
  (state: State): SubplanPart =>
    new SubplanPart(state, () => made.parts as SubplanParts);

function compileSubplan(builder: Builder, plan: Subplan, kind: SubplanKind): SubplanParts {
  const inner = builder.inside(outerReaders(plan));
  const { root, columns } = plan;
  eachNode(root, (node) => {
    for (const expression of expressionsOf(node)) inner.countUses(expression);
  });
  for (const { column, type } of columns) inner.countUse(column, type);
  const stages = stagesOf(
    root,
    columns.map(({ column }) => column),
    builder.subplans,
  );
  const made = makeStages(inner, stages, answerSink(plan, kind));
  let copies = false;
  eachNode(root, ({ node }) => {
    copies ||= node === 'PageScan';
  });
  return {
    stages: made,
    makes: inner.parts,
    counters: inner.counters,
    copies,
    kind,
    width: columns.length,
    outer: plan.outer.length,
    memo: plan.memo,
  };
}

/** What its rows go to. */
function answerSink({ columns }: Subplan, kind: SubplanKind): Sink {
  const read = (emitter: Emitter, at: number): Value => {
    const { column, type } = columns[at];
    return emitValue(emitter, { op: 'column', column, type });
  };
  const emit = (emitter: Emitter): void => {
    const { use } = emitter.unit;
    if (kind === 'exists') emitter.emit('c.rows.push(1);');
    else if (kind === 'any') {
      const { code, nil, rep } = read(emitter, 0);
      const yes = rep === 'i' ? `${code}!==0` : `${code}===true`;
      emitter.emit(nil === 'true' ? 'c.unknown=true;' : `if(${nil})c.unknown=true;else if(${yes})c.rows.push(1);`);
    } else {
      const slots = columns.map((_, at) => plainCode(read(emitter, at), use));
      emitter.emit(`c.rows.push(${kind === 'scalar' ? slots[0] : `[${slots.join(',')}]`});`);
    }
  };
  return { kind: 'rows', emit };
}

/** Writes what asks it; the local that holds its answer. */
export function emitAnswer(emitter: Emitter, { part, plan }: SubplanUse, outer: readonly BoundExpression[]): string {
  emitter.needCalls();
  const { use } = emitter.unit;
  const name = emitter.hoist(`Q${part}`, `c.parts[${part}]`);
  if (outer.length === 0) return emitter.hold(`${name}.once()`);
  const values = outer.map((expression, at) => {
    const value = emitValue(emitter, expression);
    const { type } = plan.outer[at];
    const like = plainRep(type) === 'v' ? { ...value, rep: 'v' as const } : value;
    return slotValue(like, emitter.hold(plainCode(value, use)));
  });
  const keys = values.map((value) => {
    if (value.nil === 'true') return 'null';
    return value.nil === 'false' ? keyCode(value, use) : `(${value.nil}?null:${keyCode(value, use)})`;
  });
  const key = plan.memo ? (keys.length === 1 ? keys[0] : keys.map((one) => `${use('keyPart')}(${one})`).join('+')) : '0';
  emitter.emit(values.map(({ code }, at) => `${name}.outer[${at}]=${code};`).join(''));
  return emitter.hold(`${name}.answer(${key})`);
}

/** A subquery as a value. */
export function emitSubplan(emitter: Emitter, expression: BoundSubplan): Value {
  emitter.needCalls();
  const { kind, type } = expression;
  const found = emitAnswer(emitter, emitter.unit.subplan(expression.plan, kind), expression.outer);
  if (kind === 'exists') return makeValue('i', type, found, 'false');
  return plainValue(type, found);
}

/** Readers of the rows of a subplan: row `match` of `rows`. */
export function rowReaders({ columns }: Subplan, rows: string, match: string): Map<ColumnId, ColumnReader> {
  return new Map(columns.map(({ column, type }, at) => [column, () => plainValue(type, `${rows}[${match}][${at}]`)]));
}

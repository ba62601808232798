/**
 * Generates one stage: the wide rendering of its rows over what its source gives, the page's rendering of a scan, bounds and limits.
 *
 *   images   function(c, v, i, to)      rows i to to - 1 of c.offsets over the views v; returns where it stopped
 *   lists    function(c, list, i, to)   rows of values
 *   groups   function(c, i, to)         groups i to to - 1
 *   one      function(c)                a point lookup, or one row of VALUES
 */

import type { BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import { emitJump } from './conditions.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { conjuncts, hasJoins, type Stage, type Step } from './stages.ts';
import type { State } from './state.ts';
import { emitSteps, type StepState } from './steps.ts';
import { boxedCode } from './value.ts';

/** What a stage does with its rows. */
export interface Sink {
  readonly kind: 'rows' | 'aggregate' | 'sort' | 'keySort' | 'store' | 'build' | 'change';
  /** Writes the code for a row. `isImage`: it lies at `row` of `v`. */
  emit(emitter: Emitter, isImage: boolean): void;
  /** Of 'rows': expression of the row for the caller; of rows as bytes, code before it has written it. */
  row?(emitter: Emitter): string;
  /** Of 'rows': condition that the caller has no room for more. */
  readonly isFull?: string;
}

/** Where a stage's rows come from, for the generator. */
export interface RowShape {
  readonly kind: 'images' | 'list' | 'groups';
  readonly columns: ReadonlyMap<ColumnId, ColumnReader>;
  /** Writes what passes rows over. */
  readonly choose?: (emitter: Emitter) => void;
}

export type Drain = (c: State, rows: unknown, i: number, to: number) => number;

export interface DrainCode {
  readonly drain: Drain;
  readonly limits: readonly StepState[];
}

const IMAGE_ARGUMENTS = 'i32,u32,u16,u8,f64,bytes,overflow,row';
const IMAGE_VIEWS = 'const{i32,u32,u16,u8,f64}=v,bytes=v.bytesView,overflow=c.overflow,offsets=c.offsets;';

/** `passed`: conditions that rows without a mark have passed; `marks`: rows may carry one. */
export function compileDrain(
  builder: Builder,
  stage: Stage,
  shape: RowShape,
  sink: Sink,
  passed: ReadonlySet<BoundExpression>,
  marks: boolean,
): DrainCode {
  const emitter = builder.emitter(shape.columns);
  emitter.rowArguments = shape.kind === 'images' ? IMAGE_ARGUMENTS : shape.kind === 'list' ? 'w' : 'g';
  const { source, steps } = stage;
  const filter = 'filter' in source ? source.filter : null;
  shape.choose?.(emitter);
  emitFilter(emitter, filter, passed, marks);
  const limits: StepState[] = [];
  const left = marks ? steps : steps.flatMap((step) => withoutPassed(step, passed));
  const written = { isMany: false };
  emitSteps(emitter, builder, left, limits, () => {
    written.isMany = emitter.isMany;
    sink.emit(emitter, shape.kind === 'images' && !hasJoins(stage));
  });
  const row = shape.kind === 'images' ? 'const row=offsets[i]&-8;' : shape.kind === 'list' ? 'const w=list[i];' : 'const g=i;';
  const isFull = sink.kind === 'rows' ? `if(${sink.isFull ?? 'c.rows.length>=c.max'})return i+1;` : '';
  const isFinished = limits.length > 0 ? 'if(c.finished)return i+1;' : '';
  const isDue = written.isMany ? 'if(c.due)return i+1;' : '';
  const views = shape.kind === 'images' ? IMAGE_VIEWS : '';
  const body =
    `${views}${emitter.prologueText()}\nfor(;i<to;i++){${row}${emitter.rowCacheText()}\n` +
    `r:{${emitter.lines.join('\n')}}\n${isFinished}${isFull}${isDue}}\nreturn i;`;
  const parameters = shape.kind === 'images' ? 'c,v,i,to' : 'c,list,i,to';
  const drain = emitter.unit.compile<Drain>(`stage over ${shape.kind}`, parameters, body, emitter.declarations.join(''));
  return { drain, limits };
}

/** A filter without the conditions that rows have passed already. */
function withoutPassed(step: Step, passed: ReadonlySet<BoundExpression>): readonly Step[] {
  if (step.node !== 'Filter') return [step];
  const rest = conjuncts(step.condition).filter((one) => !passed.has(one));
  if (rest.length === 0) return [];
  const condition: BoundExpression = rest.length === 1 ? rest[0] : { op: 'and', operands: rest, type: step.condition.type };
  return [{ ...step, condition }];
}

function emitFilter(
  emitter: Emitter,
  filter: BoundExpression | null,
  passed: ReadonlySet<BoundExpression>,
  marks: boolean,
): void {
  // Cold: what a row was to pass in its page is looked at again only where the row has left the page before. In the order of the
  // statement: a condition that fails does so only for rows that those in front of it let through (SBLR-E4).
  const again: BoundExpression[] = [];
  const emitAgain = (): void => {
    if (!marks || again.length === 0) return;
    const code = emitter.apart(() => {
      for (const one of again) emitJump(emitter, one, 'notTrue', 'r');
    });
    emitter.emit(`if((offsets[i]&1)!==0){${code}}`);
    again.length = 0;
  };
  for (const one of conjuncts(filter)) {
    if (passed.has(one)) again.push(one);
    else {
      emitAgain();
      emitJump(emitter, one, 'notTrue', 'r');
    }
  }
  emitAgain();
}

export interface OneCode {
  readonly run: (c: State) => unknown;
  readonly limits: readonly StepState[];
  /** A join may make several of it: they go where rows of stages go. */
  readonly isMany: boolean;
}

/**
 * One row: `lookup` writes what finds it, and leaves `r` when there is none. With `isImage` the row lies in c.out. A sink of rows
 * gives its row back, or undefined.
 */
export function compileOne(
  builder: Builder,
  stage: Stage,
  columns: ReadonlyMap<ColumnId, ColumnReader>,
  sink: Sink,
  isImage: boolean,
  lookup: (emitter: Emitter) => void,
): OneCode {
  const emitter = builder.emitter(columns);
  emitter.rowArguments = isImage ? IMAGE_ARGUMENTS : '';
  lookup(emitter);
  const { source } = stage;
  if ('filter' in source) for (const one of conjuncts(source.filter)) emitJump(emitter, one, 'notTrue', 'r');
  const limits: StepState[] = [];
  let isMany = false;
  emitSteps(emitter, builder, stage.steps, limits, () => {
    isMany = emitter.isMany;
    if (sink.row === undefined || emitter.isMany) sink.emit(emitter, isImage && !hasJoins(stage));
    else emitter.emit(`return ${sink.row(emitter)};`);
  });
  const views = isImage
    ? 'const v=c.out,i32=v.i32,u32=v.u32,u16=v.u16,u8=v.u8,f64=v.f64,bytes=v.bytesView,overflow=c.overflow,row=0,i=0;'
    : 'const i=0;';
  const body = `${views}${emitter.prologueText()}\n${emitter.rowCacheText()}r:{${emitter.lines.join('\n')}}\nreturn undefined;`;
  const run = emitter.unit.compile<(c: State) => unknown>('one row', 'c', body, emitter.declarations.join(''));
  return { run, limits, isMany };
}

/** Sets the counters of limits, and begins what else the steps keep: function(c). NULL: no limit. 2201W, 2201X. */
export function compileLimits(builder: Builder, limits: readonly StepState[]): ((c: State) => void) | null {
  if (limits.length === 0) return null;
  const emitter = builder.emitter();
  for (const state of limits) {
    if ('begins' in state) {
      emitter.emit(`c.parts[${state.begins}].begin();`);
      continue;
    }
    const { counter, limit, offset } = state;
    const { use } = emitter.unit;
    const from = offset === null ? '0' : `${use('offsetOf')}(${boxedCode(emitValue(emitter, offset), use)})`;
    const count = limit === null ? 'Infinity' : `${use('limitOf')}(${boxedCode(emitValue(emitter, limit), use)})`;
    emitter.emit(`c.counters[${counter}]=${from};c.counters[${counter + 1}]=${count};`);
    emitter.emit(`if(c.counters[${counter + 1}]===0)c.finished=true;`);
  }
  return emitter.unit.compile('limits', 'c', `${emitter.prologueText()}${emitter.lines.join('')}`);
}

/** Puts values without columns into an array of the state's part: false when one is NULL. */
export function compileValues(builder: Builder, part: number, expressions: readonly BoundExpression[]): (c: State) => boolean {
  const emitter = builder.emitter();
  emitter.emit(`const V=c.parts[${part}].values;`);
  expressions.forEach((expression, index) => {
    const code = emitter.hold(boxedCode(emitValue(emitter, expression), emitter.unit.use));
    emitter.emit(`if(${code}===null)return false;V[${index}]=${code};`);
  });
  return emitter.unit.compile('key values', 'c', `${emitter.prologueText()}${emitter.lines.join('')}return true;`);
}

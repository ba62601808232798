/**
 * Writes the code of one function's expressions, statement by statement, in one of two renderings of the same tree:
 *
 *   in the page   no call that could allocate or wait, nothing thrown; what cannot go on leaves by `exit` before any effect of
 *                 the row (SBLR-E1, E2), and a compile-time NotInPage tells that an expression cannot be rendered so at all
 *   wide          over private memory: everything, exact to any size; errors are thrown by the primitives themselves
 *
 * Values are expressions without effects over locals (value.ts). Labels and locals are numbered, so equal shapes give equal text.
 */

import type { BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import type { Unit } from './unit.ts';
import { makeValue, type Value } from './value.ts';

/** Thrown while code is written: this expression needs a call, so the row is looked at after its page. */
export class NotInPage extends Error {
  /** Nobody sees its stack, which takes longer to note than what was written so far. */
  constructor() {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super();
    Error.stackTraceLimit = limit;
  }
}

/** Where a column of the input comes from: writes the load, or returns what was loaded. */
export type ColumnReader = (emitter: Emitter) => Value;

/** With a number behind them these are: columns kept (leaves.ts), functions beside, values from outside, parameters, their NULLs, views (u16), and more. */
const TAKEN: ReadonlySet<string> = new Set(['t', 'g', 'o', 'p', 'z', 's', 'k', 'f', 'u', 'i']);

export class Emitter {
  readonly unit: Unit;
  readonly wide: boolean;
  /** In the page: the statement by which a row leaves for the wide way. */
  exit: string;
  readonly columns: Map<ColumnId, ColumnReader>;
  /** Values of `let`. */
  readonly locals = new Map<number, Value>();
  /** Statements so far. */
  lines: string[] = [];
  /** Loaded once a call of the function: parameters. By name. */
  readonly prologue: Map<string, string>;
  /** Statements at the end of a call. */
  readonly epilogue: string[] = [];
  /** Names to be declared undefined at the beginning of a row. */
  readonly rowCaches: string[];
  /** Functions beside this one. */
  declarations: string[];
  /** Locals that such functions take as arguments. */
  shared = new Set<string>();
  /** How the row is named in the arguments of such functions. */
  rowArguments = '';
  /** Label that is left when the row, or the match of a join, goes no further. */
  row = 'r';
  /** Inside a loop over matches: a row of the source may bring any number of rows here. */
  isMany = false;
  #numbers: { next: number };

  constructor(unit: Unit, wide: boolean, exit: string, columns: Map<ColumnId, ColumnReader>, parent?: Emitter) {
    this.unit = unit;
    this.wide = wide;
    this.exit = exit;
    this.columns = columns;
    this.prologue = parent?.prologue ?? new Map();
    this.rowCaches = parent?.rowCaches ?? [];
    this.declarations = parent?.declarations ?? [];
    this.rowArguments = parent?.rowArguments ?? '';
    this.#numbers = parent === undefined ? { next: 0 } : parent.#numbers;
    if (parent !== undefined) for (const [local, value] of parent.locals) this.locals.set(local, value);
  }

  /** An emitter for a function beside the one of `parent`: same columns and locals, its own parameters. */
  static beside(parent: Emitter): Emitter {
    const inner = new Emitter(parent.unit, true, '', parent.columns);
    for (const [local, value] of parent.locals) inner.locals.set(local, value);
    inner.declarations = parent.declarations;
    inner.rowArguments = parent.rowArguments;
    inner.row = parent.row;
    inner.isMany = parent.isMany;
    inner.shared = new Set(parent.shared);
    inner.#numbers = parent.#numbers;
    return inner;
  }

  /** A new name. */
  name(prefix: string): string {
    if (TAKEN.has(prefix)) throw new Error(`names that begin with ${prefix} are not made here`);
    return `${prefix}${this.#numbers.next++}`;
  }

  emit(line: string): void {
    this.lines.push(line);
  }

  /** The page cannot render this. */
  needCalls(): void {
    if (!this.wide) throw new NotInPage();
  }

  /** Holds an expression in a local. */
  hold(code: string): string {
    const name = this.name('v');
    this.emit(`const ${name}=${code};`);
    return name;
  }

  /** What `body` writes, kept apart. */
  apart(body: () => void): string {
    const kept = this.lines;
    this.lines = [];
    try {
      body();
      return this.lines.join('');
    } finally {
      this.lines = kept;
    }
  }

  /** Tries a rendering; false and nothing written when the page cannot have it. */
  attempt(body: () => void): boolean {
    const length = this.lines.length;
    const caches = this.rowCaches.length;
    try {
      body();
      return true;
    } catch (error) {
      if (!(error instanceof NotInPage)) throw error;
      this.lines.length = length;
      this.rowCaches.length = caches;
      return false;
    }
  }

  /** Declares what is the same for all rows of a call. */
  hoist(name: string, code: string): string {
    if (!this.prologue.has(name)) this.prologue.set(name, `const ${name}=${code};`);
    return name;
  }

  /** The same of what generated code may replace: it is taken anew then. */
  change(name: string, code: string): string {
    if (!this.prologue.has(name)) this.prologue.set(name, `let ${name}=${code};`);
    return name;
  }

  /** A local that begins as `code`, and is written back at the end of the call. */
  accumulate(name: string, code: string): string {
    if (!this.prologue.has(name)) {
      this.prologue.set(name, `let ${name}=${code};`);
      this.epilogue.push(`${code}=${name};`);
    }
    return name;
  }

  prologueText(): string {
    return [...this.prologue.values()].join('');
  }

  rowCacheText(): string {
    return this.rowCaches.length === 0 ? '' : `let ${this.rowCaches.join(',')};`;
  }
}

/** A NULL of a type. */
export const nullValue = (type: SqlType): Value => makeValue(type.name === 'bool' ? 'i' : 'v', type, 'null', 'true');

/** All columns that an expression reads, one entry for each use. */
export function eachColumn(expression: BoundExpression, visit: (column: ColumnId, type: SqlType) => void): void {
  switch (expression.op) {
    case 'column':
      visit(expression.column, expression.type);
      return;
    case 'parameter':
    case 'constant':
    case 'local':
      return;
    case 'call': {
      const { arguments: given } = expression;
      for (let at = 0; at < given.length; at++) eachColumn(given[at], visit);
      return;
    }
    default:
      for (const operand of operandsOf(expression)) eachColumn(operand, visit);
  }
}

/** The direct operands of an expression. */
export function operandsOf(expression: BoundExpression): readonly BoundExpression[] {
  switch (expression.op) {
    case 'call':
    case 'coalesce':
    case 'extreme':
      return expression.arguments;
    case 'and':
    case 'or':
      return expression.operands;
    case 'not':
    case 'isTest':
      return [expression.operand];
    case 'isDistinct':
      return [expression.left, expression.right];
    case 'case':
      return [...expression.whens.flatMap(({ condition, result }) => [condition, result]), expression.otherwise];
    case 'in':
      return [expression.operand, ...expression.list];
    case 'let':
      return [expression.value, expression.body];
    case 'subplan':
      return expression.outer;
    case 'subquery':
      return expression.outer.map(({ expression: given }) => given);
    default:
      return [];
  }
}

/**
 * Relations of the bound form that put others together: joins, set operations, WITH, functions, windows (bound.ts has the rest).
 *
 *   Join(left, right)    SetOperation(left, right)    With(definitions) <- CteRef    Recurse(base, step <- WorkTable)    Window(input)
 */

import type {
  BoundDelete,
  BoundExpression,
  BoundInsert,
  BoundMerge,
  BoundRelation,
  BoundSortKey,
  BoundSpread,
  BoundUpdate,
  ColumnId,
} from './bound.ts';
import type { SqlType } from './types.ts';

/**
 * Rows of two relations side by side. `condition` null: every pair. Lateral: the right side reads columns of the left one. Columns of
 * a side that a row may lack are NULL there, and read as nullable above. The binder makes the first four; the others come from
 * subqueries: semi and anti give each left row at most once, mark adds a boolean column by the rules of `any`, single is left with
 * 21000 when two right rows match.
 */
export interface BoundJoin {
  readonly op: 'join';
  readonly kind: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'mark' | 'single';
  readonly left: BoundRelation;
  readonly right: BoundRelation;
  readonly condition: BoundExpression | null;
  readonly lateral: boolean;
  /** Of 'mark': its column; -1 elsewhere. */
  readonly mark: ColumnId;
}
/** UNION, INTERSECT, EXCEPT. NULLs are equal to each other here. */
export interface BoundSetOperation {
  readonly op: 'setOperation';
  readonly kind: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: BoundRelation;
  readonly right: BoundRelation;
  /** Columns of the result, and which of each side they are. */
  readonly columns: readonly {
    readonly column: ColumnId;
    readonly left: ColumnId;
    readonly right: ColumnId;
    readonly type: SqlType;
  }[];
}
/** WITH: relations under numbers of their own, seen in the definitions behind them and in `input`. */
export interface BoundWith {
  readonly op: 'with';
  readonly definitions: readonly {
    readonly cte: number;
    readonly name: string;
    readonly relation: BoundRelation;
    readonly materialized: 'default' | 'yes' | 'no';
  }[];
  readonly input: BoundRelation;
}
/** Rows of a WITH's relation: its columns under fresh ids. */
export interface BoundCteRef {
  readonly op: 'cteRef';
  readonly cte: number;
  readonly alias: string;
  readonly columns: readonly { readonly column: ColumnId; readonly source: ColumnId; readonly type: SqlType }[];
}
/**
 * WITH RECURSIVE: the rows of `base`, then those of `step` over the rows that came last, until none come. Without `all` rows that were
 * there before are left out.
 */
export interface BoundRecurse {
  readonly op: 'recurse';
  readonly work: number;
  readonly base: BoundRelation;
  readonly step: BoundRelation;
  readonly all: boolean;
  readonly columns: readonly {
    readonly column: ColumnId;
    readonly base: ColumnId;
    readonly step: ColumnId;
    readonly type: SqlType;
  }[];
}
/** Inside `step` of the recursion with this number: the rows that came last, its columns under fresh ids. */
export interface BoundWorkTable {
  readonly op: 'workTable';
  readonly work: number;
  readonly alias: string;
  readonly columns: readonly { readonly column: ColumnId; readonly source: ColumnId; readonly type: SqlType }[];
}
/** Rows of a set-returning primitive. `ordinality`: a column with the number of the row, from 1 (int8); or -1. */
export interface BoundFunction {
  readonly op: 'function';
  readonly primitive: string;
  readonly alias: string;
  readonly arguments: readonly BoundExpression[];
  readonly columns: readonly { readonly column: ColumnId; readonly type: SqlType }[];
  readonly ordinality: ColumnId;
}
/** A statement that changes rows, in a WITH: run once and whole, whether it is read or not. Its rows are those of its RETURNING. */
export interface BoundChange {
  readonly op: 'change';
  readonly statement: BoundInsert | BoundUpdate | BoundDelete | BoundMerge | BoundSpread;
}
export type FrameBound = 'unboundedPreceding' | 'preceding' | 'current' | 'following' | 'unboundedFollowing';
/**
 * A window's frame. rows, groups: values are int8 without columns. range: the value is what the first (last) row of the frame reaches
 * to, an expression over the row at hand, compared with `rangeKey`, which is the one sort key in the same type.
 */
export interface BoundFrame {
  readonly unit: 'rows' | 'range' | 'groups';
  readonly start: FrameBound;
  readonly startValue: BoundExpression | null;
  readonly end: FrameBound;
  readonly endValue: BoundExpression | null;
  readonly rangeKey: BoundExpression | null;
  readonly exclude: 'none' | 'current' | 'group' | 'ties';
}
/** A window function, or an aggregate over the frame. */
export interface BoundWindowCall {
  readonly column: ColumnId;
  /** 'row_number', 'lag.any' and the like, or an aggregate primitive. */
  readonly primitive: string;
  readonly arguments: readonly BoundExpression[];
  readonly filter: BoundExpression | null;
  readonly frame: BoundFrame;
  readonly type: SqlType;
}
/** Adds columns that look at the rows of the same partition. Those of the input stay visible; the order of rows is not said. */
export interface BoundWindow {
  readonly op: 'window';
  readonly input: BoundRelation;
  readonly partition: readonly BoundExpression[];
  readonly order: readonly BoundSortKey[];
  readonly functions: readonly BoundWindowCall[];
}

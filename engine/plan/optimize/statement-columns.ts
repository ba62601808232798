/** The columns of a whole statement, those inside subqueries included. */

import type {
  BoundConflict,
  BoundExpression,
  BoundNewRow,
  BoundPlanned,
  BoundQuery,
  BoundRelation,
  ColumnId,
} from '../../sblr/bound.ts';
import { eachExpression, inputsOf } from '../../sblr/relation-tree.ts';
import { walkExpression } from '../bind/tree.ts';

export interface StatementColumns {
  /** Columns that something reads. */
  readonly read: ReadonlySet<ColumnId>;
  /** An id above all others. */
  readonly next: ColumnId;
  /** There is no relation in an expression, none in a WITH, and none that is made for each row of another. */
  readonly isFlat: boolean;
}

class Collector {
  readonly read = new Set<ColumnId>();
  next = 0;
  isFlat = true;

  one(column: ColumnId): void {
    if (column >= this.next) this.next = column + 1;
  }

  made(columns: readonly ColumnId[]): void {
    for (const column of columns) this.one(column);
  }

  /** Of those that have a name of their own. */
  makes(columns: readonly { readonly column: ColumnId }[]): void {
    for (const { column } of columns) this.one(column);
  }

  reads(columns: readonly ColumnId[]): void {
    for (const column of columns) this.read.add(column);
    this.made(columns);
  }

  readonly #visit = (node: BoundExpression): boolean => {
    if (node.op === 'column') {
      this.read.add(node.column);
      this.one(node.column);
    } else if (node.op === 'subquery') {
      this.isFlat = false;
      this.makes(node.outer);
      this.reads(node.columns);
      this.relation(node.relation);
      if (node.condition !== null) this.expression(node.condition);
    }
    return true;
  };

  readonly expression = (expression: BoundExpression): void => walkExpression(expression, this.#visit);

  row(row: BoundNewRow): void {
    this.makes(row.row);
    for (const { expression } of row.attributes) this.expression(expression);
    for (const { expression } of row.checks) this.expression(expression);
  }

  relation(node: BoundRelation): void {
    for (const input of inputsOf(node)) this.relation(input);
    eachExpression(node, this.expression);
    if (node.op === 'with' || node.op === 'change' || (node.op === 'join' && node.lateral)) this.isFlat = false;
    switch (node.op) {
      case 'distinct':
        return this.reads(node.columns);
      case 'setOperation':
        this.reads(node.columns.flatMap(({ left, right }) => [left, right]));
        return this.makes(node.columns);
      case 'recurse':
        this.reads(node.columns.flatMap(({ base, step }) => [base, step]));
        return this.makes(node.columns);
      case 'cteRef':
      case 'workTable':
        this.reads(node.columns.map(({ source }) => source));
        return this.makes(node.columns);
      case 'get':
        this.made([node.rowId]);
        return this.makes(node.columns);
      case 'lock':
        return this.reads([node.rowId]);
      case 'join':
        return this.made([node.mark]);
      case 'function':
        this.made([node.ordinality]);
        return this.makes(node.columns);
      case 'virtual':
      case 'values':
      case 'project':
        return this.makes(node.columns);
      case 'aggregate':
        this.makes(node.keys);
        this.makes(node.aggregates);
        return this.makes(node.grouping);
      case 'window':
        return this.makes(node.functions);
      case 'change':
        return this.statement(node.statement);
      case 'filter':
      case 'sort':
      case 'limit':
      case 'with':
        return;
    }
  }

  /** A change, less the columns of its output: they are read by who reads its rows. */
  statement(statement: Exclude<BoundPlanned, BoundQuery>): void {
    this.relation(statement.source);
    for (const { column, expression } of statement.returning) {
      this.made([column]);
      this.expression(expression);
    }
    if (statement.kind !== 'insert' && statement.rowId >= 0) this.reads([statement.rowId]);
    if (statement.kind === 'merge') {
      this.reads([statement.present]);
      for (const { condition, row } of statement.whens) {
        if (condition !== null) this.expression(condition);
        if (row !== null) this.row(row);
      }
    } else if (statement.kind === 'spread') {
      for (const { condition, row, conflict, values } of statement.branches) {
        for (const expression of condition === null ? values : [condition, ...values]) this.expression(expression);
        if (row !== null) this.row(row);
        if (conflict !== null) this.conflict(conflict);
      }
    } else if (statement.kind !== 'delete') this.row(statement.row);
    if (statement.kind === 'insert' && statement.conflict !== null) this.conflict(statement.conflict);
  }

  conflict({ existing, change, where }: BoundConflict): void {
    this.makes(existing);
    if (change !== null) this.row(change);
    if (where !== null) this.expression(where);
  }
}

export function statementColumns(statement: BoundPlanned): StatementColumns {
  const all = new Collector();
  all.reads(statement.output.map(({ column }) => column));
  if (statement.kind === 'query') all.relation(statement.root);
  else all.statement(statement);
  return all;
}

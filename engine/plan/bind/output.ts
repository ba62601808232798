/** Items of SELECT and RETURNING: `*` spread out, names given. */

import type { BoundExpression } from '../../sblr/bound.ts';
import { foldName, foldParts, resolveType, typeRule } from '../../sblr/resolve-type.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import type { SourceExpression, SourceSelectItem } from '../../sblr/source.gen.ts';
import type { SqlType, TypeName } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { type Clause, columnNode } from './clause.ts';
import { castAssign, settled } from './coerce.ts';
import { fault } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { type FoundRelation, findRelation, readAll, type Scope, type ScopeColumn } from './scope.ts';
import type { BindState } from './state.ts';

/** An item while its block is bound: the expression may still change. */
export interface Item {
  node: BoundExpression;
  readonly name: string;
  readonly at: number;
  /** Where it comes from unchanged: object id and attribute; 0 elsewhere. */
  readonly table: number;
  readonly attribute: number;
}

const castName = (type: TypeName, semantics: DialectSemantics): string => typeRule(type, semantics)?.columnName ?? type;

/** A name that an expression suggests: a strong one is kept through a cast, a weak one gives way. */
export function suggestedName(
  source: SourceExpression,
  state: BindState,
): { readonly name: string; readonly strong: boolean } | null {
  const { semantics } = state;
  const last = (parts: readonly string[]) => ({ name: parts[parts.length - 1], strong: true });
  switch (source.op) {
    case 'column':
    case 'call':
      return last(foldParts(source.name, semantics));
    case 'valueFunction':
      return { name: source.name.toLowerCase(), strong: true };
    case 'field':
      return { name: foldName(source.name, source.quoted, semantics), strong: true };
    case 'special':
      return { name: source.function, strong: true };
    case 'subquery':
      return { name: source.kind === 'scalar' ? (state.queryNames.get(source.query) ?? '') : source.kind, strong: true };
    case 'case': {
      const inner = source.otherwise === null ? null : suggestedName(source.otherwise, state);
      return inner?.strong === true ? inner : { name: 'case', strong: false };
    }
    case 'cast': {
      const inner = suggestedName(source.operand, state);
      return inner?.strong === true
        ? inner
        : {
            name: castName(resolveType({ ...source.type, fields: null }, semantics, state.findType).name, semantics),
            strong: false,
          };
    }
    case 'typedLiteral':
      return {
        name: castName(resolveType({ ...source.type, fields: null }, semantics, state.findType).name, semantics),
        strong: false,
      };
    case 'collate':
    case 'subscript':
      return suggestedName(source.operand, state);
    case 'row':
    case 'array':
      return { name: source.op, strong: true };
    default:
      return null;
  }
}

const columnItem = (column: ScopeColumn, at: number, state: BindState): Item => ({
  node: columnNode(column.column, column.type, at, state),
  name: column.name,
  at,
  table: column.table,
  attribute: column.attribute,
});

function starItems(found: readonly FoundRelation[], at: number, state: BindState): Item[] {
  return found.flatMap(({ relation, enter }) => {
    readAll(relation);
    return relation.columns.map((column) => columnItem(enter(column), at, state));
  });
}

function originOf(node: BoundExpression, scope: Scope): { readonly table: number; readonly attribute: number } {
  if (node.op === 'column') {
    for (const { columns } of scope.relations) {
      const found = columns.find(({ column }) => column === node.column);
      if (found !== undefined) return found;
    }
  }
  return { table: 0, attribute: 0 };
}

function bindItem(source: SourceSelectItem, clause: Clause): Item[] {
  const { state, scope } = clause;
  const { expression } = source;
  if (expression.op === 'star') {
    if (expression.qualifier !== null)
      return starItems(
        [findRelation(foldParts(expression.qualifier, state.semantics), scope, expression.at)],
        expression.at,
        state,
      );
    const relations = scope.relations.filter(({ qualifiedOnly }) => qualifiedOnly !== true);
    if (relations.length === 0)
      throw fault(SQLSTATE.syntax_error, 'SELECT * with no tables specified is not valid', expression.at);
    const found = relations.map((relation): FoundRelation => ({ relation, enter: (column) => column }));
    return starItems(found, expression.at, state);
  }
  const node = bindExpr(expression, clause);
  const name =
    source.alias === null
      ? (suggestedName(expression, state)?.name ?? state.semantics.unnamedColumn)
      : foldName(source.alias, source.quoted, state.semantics);
  const { table, attribute } = originOf(node, scope);
  return [{ node, name, at: expression.at, table, attribute }];
}

export const bindItems = (sources: readonly SourceSelectItem[], clause: Clause): Item[] =>
  sources.flatMap((source) => bindItem(source, clause));

/** Whatever is of no type yet becomes what the column that takes it is, else text (SBLR-N7). */
export function settleItems(
  items: readonly Item[],
  state: BindState,
  targets: readonly { readonly name: string; readonly type: SqlType }[] = [],
): void {
  for (const [index, item] of items.entries()) {
    if (item.node.type.name !== 'unknown') continue;
    const target = targets[index];
    item.node = target === undefined ? settled(state, item.node, item.at) : castAssign(state, item.node, target, item.at);
  }
}

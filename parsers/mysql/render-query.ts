/** Queries and what they read from, as canonical text. */

import type {
  SourceAlias,
  SourceExpression,
  SourceFrom,
  SourceLocking,
  SourceQuery,
  SourceSelectNode,
  SourceWith,
} from '../../engine/sblr/source.gen.ts';
import { clause, joinWords } from '../kit/text.ts';
import {
  cannot,
  expressionList,
  expressionText,
  identifier,
  identifiers,
  nameText,
  orderText,
  windowText,
} from './render-expression.ts';

export const queryText = (query: SourceQuery): string =>
  joinWords([query.with !== null && withText(query.with), coreText(query), endsText(query)]);

function coreText(query: SourceQuery): string {
  if (query.op === 'select') return blockText(query);
  if (query.op === 'values')
    return `VALUES ${query.rows.map((row) => `ROW(${expressionList(row.op === 'row' ? row.items : [row])})`).join(', ')}`;
  const level = query.kind === 'intersect' ? 2 : 1;
  const side = (term: SourceQuery, least: number): string => {
    const own = term.op === 'setOperation' ? (term.kind === 'intersect' ? 2 : 1) : 3;
    return hasEnds(term) || own < least ? `(${queryText(term)})` : queryText(term);
  };
  return `${side(query.left, level)} ${query.kind.toUpperCase()}${query.all ? ' ALL' : ''} ${side(query.right, level + 1)}`;
}

const hasEnds = (query: SourceQuery): boolean =>
  query.with !== null ||
  query.order.length > 0 ||
  query.limit !== null ||
  query.offset !== null ||
  (query.op !== 'values' && query.locking.length > 0);

function blockText(query: SourceSelectNode): string {
  if (query.distinct === 'on') throw cannot('DISTINCT ON');
  const windows = query.windows.map((window) => `${identifier(window.name)} AS ${windowText(window.spec)}`);
  return joinWords([
    'SELECT',
    query.distinct === 'all' && 'DISTINCT',
    query.items
      .map(({ expression, alias }) => `${expressionText(expression)}${alias === null ? '' : ` AS ${identifier(alias)}`}`)
      .join(', '),
    clause('FROM', query.from.map(fromText).join(', ')),
    query.from.length === 0 && query.where !== null && 'FROM DUAL',
    query.where !== null && `WHERE ${expressionText(query.where)}`,
    groupText(query.group),
    query.having !== null && `HAVING ${expressionText(query.having)}`,
    clause('WINDOW', windows.join(', ')),
  ]);
}

function groupText(group: readonly SourceExpression[]): string {
  const [first] = group;
  if (first?.op !== 'grouping') return clause('GROUP BY', expressionList(group));
  if (first.kind !== 'rollup' || group.length > 1) throw cannot('GROUPING SETS');
  return `GROUP BY ${expressionList(first.items)} WITH ROLLUP`;
}

function endsText(query: SourceQuery): string {
  if (query.ties) throw cannot('WITH TIES');
  if (query.limit === null && query.offset !== null) throw cannot('OFFSET without LIMIT');
  return joinWords([
    clause('ORDER BY', orderText(query.order)),
    query.limit !== null && `LIMIT ${expressionText(query.limit)}`,
    query.offset !== null && `OFFSET ${expressionText(query.offset)}`,
    ...(query.op === 'values' ? [] : query.locking.map(lockingText)),
  ]);
}

const WAITS = { wait: '', nowait: 'NOWAIT', skip: 'SKIP LOCKED' } as const;

function lockingText({ strength, of, wait }: SourceLocking): string {
  if (strength !== 'update' && strength !== 'share') throw cannot('FOR NO KEY UPDATE');
  return joinWords([`FOR ${strength.toUpperCase()}`, clause('OF', of.map(nameText).join(', ')), WAITS[wait]]);
}

export function withText(node: SourceWith): string {
  const items = node.items.map(({ name, columns, statement }) => {
    if (statement.op !== 'select' && statement.op !== 'setOperation' && statement.op !== 'values')
      throw cannot('a change in WITH');
    return `${identifier(name)}${columns.length === 0 ? '' : ` (${identifiers(columns)})`} AS (${queryText(statement)})`;
  });
  return `WITH ${node.recursive ? 'RECURSIVE ' : ''}${items.join(', ')}`;
}

const aliasText = (alias: SourceAlias | null): string =>
  alias === null ? '' : ` AS ${identifier(alias.name)}${alias.columns.length === 0 ? '' : ` (${identifiers(alias.columns)})`}`;

export function fromText(item: SourceFrom): string {
  switch (item.op) {
    case 'tableRef':
      if (item.only || item.sample !== null) throw cannot('ONLY and TABLESAMPLE');
      return `${nameText(item.name)}${aliasText(item.alias)}`;
    case 'queryRef':
      return `${item.lateral ? 'LATERAL ' : ''}(${queryText(item.query)})${aliasText(item.alias)}`;
    case 'join':
      return joinText(item);
    default:
      throw cannot(item.op);
  }
}

function joinText(item: Extract<SourceFrom, { op: 'join' }>): string {
  if (item.kind === 'full' || item.alias !== null) throw cannot('FULL JOIN');
  const right = item.right.op === 'join' ? `(${fromText(item.right)})` : fromText(item.right);
  const kind = item.kind === 'inner' || item.kind === 'cross' ? 'JOIN' : `${item.kind.toUpperCase()} JOIN`;
  const words = [fromText(item.left), item.natural && 'NATURAL', kind, right];
  if (item.on !== null) words.push(`ON ${expressionText(item.on)}`);
  if (item.using.length > 0) words.push(`USING (${identifiers(item.using)})`);
  return joinWords(words);
}

/** Queries and what they read from, as canonical text. */

import type {
  SourceExpression,
  SourceFrom,
  SourceLocking,
  SourceQuery,
  SourceSelectItem,
  SourceSelectNode,
  SourceWith,
} from '../../engine/sblr/source.gen.ts';
import { clause, joinWords } from '../kit/text.ts';
import { expressionList, expressionText, orderText, restrictedText, windowText } from './render-expression.ts';
import { aliasText, identifier, identifiers, marked, nameText, typeText } from './render-names.ts';
import { statementText } from './render-statement.ts';

type SetOperation = Extract<SourceQuery, { op: 'setOperation' }>;

export const queryText = (query: SourceQuery): string =>
  joinWords([query.with !== null && withText(query.with), coreText(query), tailText(query)]);

function coreText(query: SourceQuery): string {
  switch (query.op) {
    case 'select':
      return blockText(query);
    case 'values':
      return `VALUES ${query.rows.map((row) => `(${expressionList(row.op === 'row' ? row.items : [row])})`).join(', ')}`;
    case 'setOperation':
      return setOperationText(query);
  }
}

const hasTail = (query: SourceQuery): boolean =>
  query.with !== null ||
  query.order.length > 0 ||
  query.limit !== null ||
  query.offset !== null ||
  (query.op !== 'values' && query.locking.length > 0);

/** INTERSECT goes first; otherwise from the left. */
function setOperationText(query: SetOperation): string {
  const level = query.kind === 'intersect' ? 2 : 1;
  const side = (term: SourceQuery, least: number): string => {
    const own = term.op === 'setOperation' ? (term.kind === 'intersect' ? 2 : 1) : 3;
    return hasTail(term) || own < least ? `(${queryText(term)})` : queryText(term);
  };
  const all = query.all ? ' ALL' : '';
  return `${side(query.left, level)} ${query.kind.toUpperCase()}${all} ${side(query.right, level + 1)}`;
}

function blockText(query: SourceSelectNode): string {
  const distinct = { none: '', all: 'DISTINCT', on: `DISTINCT ON (${expressionList(query.distinctOn)})` }[query.distinct];
  const windows = query.windows.map((window) => `${identifier(window.name)} AS ${windowText(window.spec)}`);
  return joinWords([
    'SELECT',
    distinct,
    selectItemsText(query.items),
    clause('FROM', fromListText(query.from)),
    query.where !== null && `WHERE ${expressionText(query.where)}`,
    groupText(query.group),
    query.having !== null && `HAVING ${expressionText(query.having)}`,
    clause('WINDOW', windows.join(', ')),
  ]);
}

export const selectItemsText = (items: readonly SourceSelectItem[]): string =>
  items
    .map(
      ({ expression, alias, quoted }) => `${expressionText(expression)}${alias === null ? '' : ` AS ${marked(alias, quoted)}`}`,
    )
    .join(', ');

function tailText(query: SourceQuery): string {
  const limit =
    query.limit === null
      ? ''
      : query.ties
        ? `FETCH FIRST ${restrictedText(query.limit)} ROWS WITH TIES`
        : `LIMIT ${expressionText(query.limit)}`;
  return joinWords([
    clause('ORDER BY', orderText(query.order)),
    limit,
    query.offset !== null && `OFFSET ${expressionText(query.offset)}`,
    ...(query.op === 'values' ? [] : query.locking.map(lockingText)),
  ]);
}

const STRENGTHS = { update: 'UPDATE', noKeyUpdate: 'NO KEY UPDATE', share: 'SHARE', keyShare: 'KEY SHARE' } as const;
const WAITS = { wait: '', nowait: 'NOWAIT', skip: 'SKIP LOCKED' } as const;

const lockingText = (locking: SourceLocking): string =>
  joinWords([`FOR ${STRENGTHS[locking.strength]}`, clause('OF', locking.of.map(nameText).join(', ')), WAITS[locking.wait]]);

const MATERIALIZED = { default: '', yes: 'MATERIALIZED ', no: 'NOT MATERIALIZED ' } as const;

export function withText(node: SourceWith): string {
  const items = node.items.map((cte) => {
    const columns = cte.columns.length === 0 ? '' : `(${identifiers(cte.columns)})`;
    return `${marked(cte.name, cte.quoted)}${columns} AS ${MATERIALIZED[cte.materialized]}(${statementText(cte.statement)})`;
  });
  return `WITH ${node.recursive ? 'RECURSIVE ' : ''}${items.join(', ')}`;
}

export const fromListText = (items: readonly SourceFrom[]): string => items.map(fromText).join(', ');

export function fromText(item: SourceFrom): string {
  switch (item.op) {
    case 'tableRef': {
      const name = `${item.only ? 'ONLY ' : ''}${nameText(item.name)}${aliasText(item.alias)}`;
      if (item.sample === null) return name;
      const { method, arguments: args, seed } = item.sample;
      const repeatable = seed === null ? '' : ` REPEATABLE (${expressionText(seed)})`;
      return `${name} TABLESAMPLE ${identifier(method)}(${expressionList(args)})${repeatable}`;
    }
    case 'queryRef':
      return `${item.lateral ? 'LATERAL ' : ''}(${queryText(item.query)})${aliasText(item.alias)}`;
    case 'functionRef':
      return functionText(item);
    case 'join':
      return joinText(item);
    case 'joinAlias':
      return `(${fromText(item.join)})${aliasText(item.alias)}`;
  }
}

function functionText(item: Extract<SourceFrom, { op: 'functionRef' }>): string {
  const { call, columns, alias } = item;
  const text =
    call.op === 'cast' ? `CAST(${expressionText(call.operand)} AS ${typeText(call.type, expressionText)})` : expressionText(call);
  const definitions = columns.map((column) => {
    const collation = column.collation === null ? '' : ` COLLATE ${nameText(column.collation)}`;
    return `${identifier(column.name)} ${column.type === null ? '' : typeText(column.type, expressionText)}${collation}`;
  });
  const behind =
    columns.length === 0 ? aliasText(alias) : `${alias === null ? ' AS' : aliasText(alias)} (${definitions.join(', ')})`;
  return `${item.lateral ? 'LATERAL ' : ''}${text}${item.ordinality ? ' WITH ORDINALITY' : ''}${behind}`;
}

function joinText(item: Extract<SourceFrom, { op: 'join' }>): string {
  const right = item.right.op === 'join' ? `(${fromText(item.right)})` : fromText(item.right);
  const kind = item.kind === 'inner' ? 'JOIN' : `${item.kind.toUpperCase()} JOIN`;
  const words = [fromText(item.left), item.natural && 'NATURAL', kind, right];
  if (item.on !== null) words.push(`ON ${expressionText(item.on)}`);
  if (item.using.length > 0) words.push(`USING (${identifiers(item.using)})${aliasText(item.alias)}`);
  return joinWords(words);
}

function groupText(group: readonly SourceExpression[]): string {
  const [first] = group;
  if (first?.op === 'grouping' && first.kind === 'distinct') return clause('GROUP BY DISTINCT', expressionList(first.items));
  return clause('GROUP BY', expressionList(group));
}

/**
 * Several indexes of one table together: what each finds are row ids, which are cut or put together and fetched page by page.
 *
 *   a = 1 and b = 2              both (index on a, index on b)
 *   a = 1 or b between 2 and 5   either (index on a, index on b)
 *   (a = 1 or b = 2) and c = 3   both (either (...), index on c)
 *
 * The rows that come are looked at with all conditions, in their order: the indexes only leave out.
 */

import type { CatalogIndex } from '../../catalog/objects.ts';
import type { BoundExpression } from '../../sblr/bound.ts';
import type { RowIdFetch, RowIds } from '../physical.ts';
import { type AccessPath, type AccessQuestion, CONDITION, keyedBy, sourceOf } from './access-path.ts';
import { conjunction, conjuncts } from './columns.ts';
import { type Comparison, comparisonOf, membershipOf, tokenConditionOf } from './conditions.ts';
import { DESCENT, ROW_ID, ROW_OF_PAGE } from './cost.ts';
import { conditionsFraction, type Estimated, rangeFraction } from './selectivity.ts';

/** Row ids that indexes give, and what is known of them. */
interface Found {
  readonly ids: RowIds;
  /** Of the table's rows. */
  readonly fraction: number;
  readonly cost: number;
}

/** Values of an IN list that are looked up one by one. */
const LIST_MAX = 50;
/** Tokens that a condition on a gin index names. */
const TOKENS_ASSUMED = 2;
/** Operands of an OR. */
const OPERANDS_MAX = 20;

export function rowIdPaths(question: AccessQuestion, info: Estimated): AccessPath[] {
  const { conditions } = question;
  const { indexes } = question.table;
  if (indexes.length === 0) return [];
  const hasTokens = indexes.some(({ method }) => method === 'gin');
  // One condition that is no OR is answered by one index.
  if (!hasTokens && conditions.length < 2 && conditions[0]?.op !== 'or') return [];
  const hasUnions = conditions.some(({ op }) => op === 'or');
  if (!hasTokens && !hasUnions && indexes.length < 2) return [];
  const unions = conditions.flatMap((condition) => (condition.op === 'or' ? anyOf(question, info, condition.operands) : []));
  const tokens = tokensFound(question, info, conditions);
  const found = [...unions, ...tokens, ...rangesOf(question, info, conditions)].sort((a, b) => a.fraction - b.fraction);
  const paths = [...unions, ...tokens].map((one) => pathOf(question, info, one));
  if (found.length < 2) return paths;
  let best = found[0];
  let bestPath = pathOf(question, info, best);
  for (const other of found.slice(1)) {
    const joined: Found = {
      ids: { op: 'and', parts: [best.ids, other.ids] },
      fraction: best.fraction * other.fraction,
      cost: best.cost + other.cost,
    };
    const path = pathOf(question, info, joined);
    if (path.source.estimate.cost >= bestPath.source.estimate.cost) continue;
    best = joined;
    bestPath = path;
  }
  return best.ids.op === 'and' ? [...paths, bestPath] : paths;
}

/** For each index that conditions bound what it finds; of those that answer the same conditions the one that finds least. */
function rangesOf(question: AccessQuestion, info: Estimated, conditions: readonly BoundExpression[]): Found[] {
  const comparisons = conditions.map((one) => comparisonOf(one, info.isConstant)).filter((one) => one !== null);
  const found: (Found & { readonly used: readonly BoundExpression[] })[] = [];
  for (const index of question.table.indexes) {
    const { equal, low, high } = keyedBy(question, index, comparisons);
    if (equal.length === 0 && low === null && high === null) continue;
    if (index.method === 'hash' && equal.length < index.keys.length) continue;
    const used = [...equal, low, high].filter((one) => one !== null).map(({ condition }) => condition);
    const equals = equal.map(({ condition }) => condition);
    const fraction = conditionsFraction(info, equals) * rangeFraction(info, low, high);
    found.push({ ...idsOf(question, index, equal, low, high, fraction), used });
  }
  found.sort((a, b) => a.fraction - b.fraction);
  const taken = new Set<BoundExpression>();
  return found.filter(({ used }) => {
    if (used.some((one) => taken.has(one))) return false;
    for (const one of used) taken.add(one);
    return true;
  });
}

function idsOf(
  { size }: AccessQuestion,
  index: CatalogIndex,
  equal: readonly Comparison[],
  low: Comparison | null,
  high: Comparison | null,
  fraction: number,
): Found {
  const bound = (one: Comparison | null) => (one === null ? null : { value: one.value, inclusive: one.kind.endsWith('OrEqual') });
  const values = equal.map(({ value }) => value);
  return {
    ids: { op: 'range', index: index.id, equal: values, low: bound(low), high: bound(high) },
    fraction,
    cost: DESCENT + size.rows * fraction * ROW_ID,
  };
}

/** What the operands of an OR find, each by an index; none: one of them has none. */
function anyOf(question: AccessQuestion, info: Estimated, operands: readonly BoundExpression[]): Found[] {
  if (operands.length > OPERANDS_MAX) return [];
  const parts: Found[] = [];
  for (const operand of operands) {
    const own = conjuncts(operand);
    const ranges = rangesOf(question, info, own);
    const lists = own.flatMap((one) => listOf(question, info, one));
    const least = [...ranges, ...lists, ...tokensFound(question, info, own)].sort((a, b) => a.fraction - b.fraction)[0];
    if (least === undefined) return [];
    parts.push(least);
  }
  return [unionOf(parts)];
}

function unionOf(parts: readonly Found[]): Found {
  return {
    ids: parts.length === 1 ? parts[0].ids : { op: 'or', parts: parts.map(({ ids }) => ids) },
    fraction: 1 - parts.reduce((rest, { fraction }) => rest * (1 - fraction), 1),
    cost: parts.reduce((sum, { cost }) => sum + cost, 0),
  };
}

/** `column in (values)` by an index that begins with the column. */
function listOf(question: AccessQuestion, info: Estimated, condition: BoundExpression): Found[] {
  const member = membershipOf(condition, info.isConstant);
  if (member === null || member.array === true || member.values.length > LIST_MAX) return [];
  const attribute = question.get.columns.find(({ column }) => column === member.column)?.attribute;
  const index = question.table.indexes.find(
    ({ method, keys }) => keys[0].attribute === attribute && method !== 'gin' && (method !== 'hash' || keys.length === 1),
  );
  if (index === undefined) return [];
  const fraction = conditionsFraction(info, [condition]) / member.values.length;
  const parts = member.values.map((value): Found => {
    const equal: Comparison = { kind: 'equal', column: member.column, value, condition };
    return idsOf(question, index, [equal], null, null, fraction);
  });
  return [unionOf(parts)];
}

/** What gin indexes find, each for one condition. */
function tokensFound(question: AccessQuestion, info: Estimated, conditions: readonly BoundExpression[]): Found[] {
  const keys = question.table.indexes.flatMap(({ id, method, keys: own }) =>
    method !== 'gin' ? [] : own.map(({ attribute, tokens = 'jsonb_ops' }, place) => ({ index: id, attribute, tokens, place })),
  );
  // Values with the paths to them name fewer rows than values by themselves.
  keys.sort((a, b) => Number(b.tokens === 'jsonb_path_ops') - Number(a.tokens === 'jsonb_path_ops'));
  return conditions.flatMap((condition) => {
    for (const { index, attribute, tokens, place } of keys) {
      const column = question.get.columns.find((one) => one.attribute === attribute)?.column;
      const asked = column === undefined ? null : tokenConditionOf(condition, column, tokens, info.isConstant);
      if (asked === null) continue;
      const fraction = conditionsFraction(info, [condition]);
      // Lists of several tokens are read for what all of them find.
      const cost = TOKENS_ASSUMED * (DESCENT + question.size.rows * fraction * ROW_ID);
      return [{ ids: { op: 'tokens', index, place, tokens, ...asked }, fraction, cost }];
    }
    return [];
  });
}

function pathOf(question: AccessQuestion, info: Estimated, { ids, fraction, cost }: Found): AccessPath {
  const { size, conditions } = question;
  const fetched = Math.max(1, size.rows * fraction);
  // Rows come page by page: every page once.
  const pages = Math.max(1, size.pages) * (1 - Math.exp(-fetched / Math.max(1, size.pages)));
  const fetch: RowIdFetch = {
    node: 'RowIdFetch',
    ...sourceOf(question, conjunction(conditions)),
    ids,
    estimate: {
      rows: size.rows * conditionsFraction(info, conditions),
      cost: cost + pages + fetched * (ROW_OF_PAGE + CONDITION * conditions.length),
    },
  };
  return { source: fetch, ordered: false };
}

/**
 * What expressions over one column are for the values that ANALYZE has kept of it: the common ones and the bounds of its histogram are
 * a sample of its rows. `like '%green%'`, `substring(phone, 1, 2) in (...)`, the years of a date are estimated by looking.
 */

import type { ColumnStatistics } from '../../catalog/objects.ts';
import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import { implementations } from '../../values/functions.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { columnsOf } from './columns.ts';
import { type Facts, type Knowledge, factOf } from './facts.ts';

/** Fewer values say nothing. */
const SAMPLE_MIN = 10;

/** What has no value here. */
class Unknown extends Error {}

class Sampler {
  readonly #known: Knowledge['known'];
  readonly #column: ColumnId;
  value: RowValue = null;

  constructor(column: ColumnId, known: Knowledge['known']) {
    this.#column = column;
    this.#known = known;
  }

  of(node: BoundExpression): RowValue {
    switch (node.op) {
      case 'column':
        if (node.column !== this.#column) throw new Unknown();
        return this.value;
      case 'call':
        return this.#call(
          node.primitive,
          node.arguments.map((one) => this.of(one)),
        );
      case 'in':
        return this.#in(node);
      case 'and':
      case 'or': {
        const decides = node.op === 'or';
        const values = node.operands.map((one) => this.of(one));
        return values.includes(decides) ? decides : values.includes(null) ? null : !decides;
      }
      case 'not': {
        const value = this.of(node.operand);
        return value === null ? null : value === false;
      }
      default: {
        const known = this.#known(node);
        if (known === undefined) throw new Unknown();
        return known;
      }
    }
  }

  #call(name: string, given: readonly RowValue[]): RowValue {
    const { strict, context, volatility } = primitiveOf(name);
    const implementation = implementations[name];
    if (implementation === undefined || context || volatility !== 'immutable') throw new Unknown();
    return strict && given.includes(null) ? null : implementation(...given);
  }

  #in({ operand, list, equal, negated }: BoundExpression & { readonly op: 'in' }): RowValue {
    const value = this.of(operand);
    if (value === null) return null;
    const found = list.some((item) => this.#call(equal, [value, this.of(item)]) === true);
    return found !== negated;
  }
}

interface Sample {
  readonly sampler: Sampler;
  readonly statistics: ColumnStatistics;
}

function sampleOf(facts: Facts, expression: BoundExpression, { known }: Pick<Knowledge, 'known'>): Sample | null {
  const columns = columnsOf(expression);
  if (columns.size !== 1) return null;
  const [column] = columns;
  const { statistics } = factOf(facts, column);
  if (statistics === null || statistics.common.length + statistics.histogram.length < SAMPLE_MIN) return null;
  return { sampler: new Sampler(column, known), statistics };
}

/** Fraction of rows for which a condition is true; null: nothing can be told. */
export function sampledFraction(facts: Facts, condition: BoundExpression, knowledge: Pick<Knowledge, 'known'>): number | null {
  const sample = sampleOf(facts, condition, knowledge);
  if (sample === null) return null;
  const { sampler, statistics } = sample;
  const isTrue = (value: RowValue): boolean => {
    sampler.value = value;
    return sampler.of(condition) === true;
  };
  try {
    let fraction = 0;
    let rest = 1 - statistics.nullFraction;
    for (const { value, fraction: part } of statistics.common) {
      if (isTrue(value)) fraction += part;
      rest -= part;
    }
    const { histogram } = statistics;
    const found = histogram.filter(isTrue).length;
    // A value that is not in the sample may be in the table.
    const share = histogram.length === 0 ? 0 : Math.max(found, 0.3) / histogram.length;
    return Math.min(1, fraction + Math.max(0, rest) * share);
  } catch {
    // It fails for a value, or reads what is not known: no estimate by looking.
    return null;
  }
}

/** Distinct values of an expression that maps many values of its column to one; null: nothing can be told. */
export function sampledDistinct(facts: Facts, expression: BoundExpression): number | null {
  const sample = sampleOf(facts, expression, { known: (one) => (one.op === 'constant' ? one.value : undefined) });
  if (sample === null) return null;
  const { sampler, statistics } = sample;
  const values = [...statistics.common.map(({ value }) => value), ...statistics.histogram];
  try {
    const found = new Set<unknown>();
    for (const value of values) {
      sampler.value = value;
      const result = sampler.of(expression);
      found.add(typeof result === 'object' ? JSON.stringify(result) : result);
    }
    return found.size < values.length / 2 ? found.size : null;
  } catch {
    return null;
  }
}

/**
 * What expressions over one column are for the values that ANALYZE has kept of it: the common ones and the bounds of its histogram are
 * a sample of its rows. `like '%green%'`, `substring(phone, 1, 2) in (...)`, the years of a date are estimated by looking.
 */

import type { ColumnStatistics } from '../../catalog/objects.ts';
import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import { type Interpreted, interpret, NotInterpreted } from '../../sblr/interpret.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { columnsOf } from './columns.ts';
import { type Facts, type Knowledge, factOf } from './facts.ts';

/** Fewer values say nothing. */
const SAMPLE_MIN = 10;

/** Gives an expression over one column its values. */
class Sampler implements Interpreted {
  readonly known: Knowledge['known'];
  readonly #column: ColumnId;
  value: RowValue = null;

  constructor(column: ColumnId, known: Knowledge['known']) {
    this.#column = column;
    this.known = known;
  }

  column(id: ColumnId): RowValue {
    if (id !== this.#column) throw new NotInterpreted();
    return this.value;
  }

  of(node: BoundExpression): RowValue {
    return interpret(node, this);
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

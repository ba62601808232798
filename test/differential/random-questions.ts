/** Random relations with a condition over them: what ternary partitioning, pivoted rows and unoptimised counting ask about. */

import { JoinQueries } from './random-joins.ts';
import type { RandomTable } from './random-schema.ts';
import { joined, tree, withLiterals } from './tree.ts';

export interface Question {
  /** Behind FROM. */
  readonly from: string;
  /** Columns that name a row of it, NULL where an outer join filled it up. */
  readonly ids: readonly string[];
  readonly condition: string;
}

export class Questions extends JoinQueries {
  question(table: RandomTable): Question {
    const { text, sources } = this.chance(0.35) ? this.single(table) : this.from(table);
    const expressions = this.wide(sources);
    const parts = [this.chance(0.25) ? this.subqueryCondition(sources[0]) : expressions.condition(2)];
    if (this.chance(0.5)) parts.push(expressions.condition(1));
    const condition = tree('bool', joined(parts, this.pick([' and ', ' or '])));
    return {
      from: withLiterals(text),
      ids: sources.map(({ alias }) => `${alias}.id`),
      condition: withLiterals(condition),
    };
  }

  private single(table: RandomTable) {
    const source = this.source(table, 'a');
    return { text: source.text, sources: [source] };
  }
}

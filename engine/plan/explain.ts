/**
 * EXPLAIN: a physical plan as text, JSON or a picture, with the bound form (SBLR) or the generated code (CODEGEN) behind it.
 *
 *   Limit  (cost=0.60..1.90 rows=10)                        names of nodes are those of physical.ts
 *     -> IndexRange on item using item_pkey  (cost=... rows=...)
 *          Index: id >= $1
 *          Filter: name = 'nut'
 */

import type { CatalogRelation } from '../catalog/objects.ts';
import type { BoundExplain } from '../sblr/bound.ts';
import { dotOf, svgOf } from './explain-pictures.ts';
import { actualDetails, actualMembers, actualText } from './explain-actual.ts';
import { type Actual, Explainer, type Shown } from './explain-nodes.ts';
import type { PhysicalStatement } from './physical.ts';

export interface ExplainSources {
  relation(id: number): CatalogRelation | null;
  /** Annotated generated code. */
  code(): string;
  /** The bound form, printed. */
  sblr(): string;
  /** Of ANALYZE: what the run has counted. The plan is the one that ran. */
  readonly actual?: Actual | null;
}

/** Lines of the answer. */
export function explain(statement: BoundExplain, plan: PhysicalStatement, sources: ExplainSources): string[] {
  const { actual = null } = sources;
  const shown = new Explainer(plan, (id) => sources.relation(id), actual).statement();
  switch (statement.format) {
    case 'json': {
      const answer: { [key: string]: unknown } = { Plan: jsonOf(shown) };
      if (actual !== null && actual.replans > 0) answer.Replanned = actual.replans;
      if (actual !== null) answer['Execution Time'] = Math.round(actual.milliseconds * 1000) / 1000;
      if (statement.sblr) answer.Sblr = sources.sblr().split('\n');
      if (statement.codegen) answer.Code = sources.code().split('\n');
      return JSON.stringify([answer], null, 2).split('\n');
    }
    case 'dot':
      return dotOf(shown);
    case 'svg':
      return svgOf(shown);
    case 'text': {
      const lines = textOf(shown, 0);
      if (actual !== null && actual.replans > 0) lines.push(`Replanned: ${actual.replans}`);
      if (actual !== null) lines.push(`Execution Time: ${actual.milliseconds.toFixed(3)} ms`);
      if (statement.sblr) lines.push('', 'SBLR:', ...sources.sblr().split('\n'));
      if (statement.codegen) lines.push('', 'Code:', ...sources.code().split('\n'));
      return lines;
    }
  }
}

function textOf(node: Shown, depth: number): string[] {
  const indent = depth === 0 ? '' : `${'      '.repeat(depth - 1)}  ->  `;
  const target = node.target === null ? '' : ` ${node.target}`;
  const role = node.role === null ? '' : `${node.role}: `;
  const estimate = `(cost=${node.cost.toFixed(2)} rows=${Math.round(node.rows)})`;
  const lines = [`${indent}${role}${node.name}${target}  ${estimate}${actualText(node.actual)}`];
  for (const [name, value] of node.details) {
    lines.push(`${'      '.repeat(depth)}  ${name}: ${typeof value === 'object' ? value.join(', ') : value}`);
  }
  for (const line of actualDetails(node.actual)) lines.push(`${'      '.repeat(depth)}  ${line}`);
  return [...lines, ...node.inputs.flatMap((input) => textOf(input, depth + 1))];
}

function jsonOf(node: Shown): { [key: string]: unknown } {
  return {
    'Node Type': node.name,
    ...(node.role === null ? {} : { Role: node.role }),
    ...(node.target === null ? {} : { Target: node.target }),
    'Total Cost': Math.round(node.cost * 100) / 100,
    'Plan Rows': Math.round(node.rows),
    ...actualMembers(node.actual),
    ...Object.fromEntries(node.details),
    ...(node.inputs.length === 0 ? {} : { Plans: node.inputs.map(jsonOf) }),
  };
}

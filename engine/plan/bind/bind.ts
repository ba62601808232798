/**
 * The binder: source form, catalog and semantics -> bound form (SBLR, 'Binding'). Names become ids, every expression gets a type,
 * every cast is written out, rights are checked. All errors are SqlErrors whose position is a token ordinal.
 */

import type { BoundExpression, BoundModule } from '../../sblr/bound.ts';
import type { SourceExpression, SourceQuery, SourceStatement } from '../../sblr/source.gen.ts';
import { SqlError } from '../../../shm/errors.ts';
import type { BindEnvironment, ExpressionEnvironment } from './environment.ts';

/** Binds a statement. 42703, 42P01, 42883, 42725, 42804, 42P18 and the like; 0A000 for what is not supported. */
export function bind(statement: SourceStatement | SourceQuery, environment: BindEnvironment): BoundModule {
  throw new SqlError('0A000', `${statement.op} cannot be bound yet (${environment.policy})`, { position: statement.at });
}

/** A bound expression of one table's columns. */
export interface BoundStoredExpression {
  readonly expression: BoundExpression;
  /** Attributes that it reads, ascending. */
  readonly attributes: readonly number[];
}

/** Binds the expression of a CHECK, a DEFAULT or an index when it is defined; column ids of the result are attribute numbers. */
export function bindExpression(source: SourceExpression, environment: ExpressionEnvironment): BoundStoredExpression {
  throw new SqlError('0A000', `${source.op} cannot be bound yet (${environment.purpose})`, { position: source.at });
}

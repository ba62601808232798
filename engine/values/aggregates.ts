/**
 * Aggregates over RowValues: `aggregates[name]`. init() begins a group; step() takes the arguments of one row, NULLs included, and gives
 * the state to go on with (states may be changed in place); result() reads it, any number of times.
 */

import type { RowValue } from '../storage/rows/row-value.ts';

// biome-ignore lint/suspicious/noExplicitAny: each aggregate knows its state.
export interface Aggregate<State = any> {
  init(): State;
  // biome-ignore lint/suspicious/noExplicitAny: each takes the types its declaration says.
  step(state: State, ...given: any[]): State;
  result(state: State): RowValue;
}

export const aggregates: { readonly [primitive: string]: Aggregate } = {};

/** Averages, spreads and regressions of floats, by the Youngs-Cramer recurrence: sums of squares of differences do not cancel. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Aggregate } from './aggregates.ts';

interface Moments {
  count: number;
  sumX: number;
  squaresX: number;
  sumY: number;
  squaresY: number;
  products: number;
}
const newMoments = (): Moments => ({ count: 0, sumX: 0, squaresX: 0, sumY: 0, squaresY: 0, products: 0 });

const overflow = (): SqlError => new SqlError(SQLSTATE.numeric_value_out_of_range, 'value out of range: overflow');

/** A sum of squares that became infinite though its inputs are not is an overflow; if one is, it is NaN. */
function checkSquares(squares: number, sum: number, previous: number, value: number): number {
  if (Number.isFinite(squares) && Number.isFinite(sum)) return squares;
  if (Number.isFinite(previous) && Number.isFinite(value)) throw overflow();
  return NaN;
}

function add(state: Moments, x: number | null): Moments {
  if (x === null) return state;
  const before = state.count++;
  const previous = state.sumX;
  state.sumX += x;
  if (before > 0) {
    const difference = x * state.count - state.sumX;
    const squares = state.squaresX + (difference * difference) / (state.count * before);
    state.squaresX = checkSquares(squares, state.sumX, previous, x);
  } else if (!Number.isFinite(x)) state.squaresX = NaN;
  return state;
}

/** As `corr(y, x)` gives them: the dependent one first. */
function addPair(state: Moments, y: number | null, x: number | null): Moments {
  if (x === null || y === null) return state;
  const before = state.count++;
  const { sumX, sumY } = state;
  state.sumX += x;
  state.sumY += y;
  if (before === 0) {
    if (!Number.isFinite(x)) state.squaresX = state.products = NaN;
    if (!Number.isFinite(y)) state.squaresY = state.products = NaN;
    return state;
  }
  const differenceX = x * state.count - state.sumX;
  const differenceY = y * state.count - state.sumY;
  const scale = 1 / (state.count * before);
  state.squaresX = checkSquares(state.squaresX + differenceX * differenceX * scale, state.sumX, sumX, x);
  state.squaresY = checkSquares(state.squaresY + differenceY * differenceY * scale, state.sumY, sumY, y);
  const products = state.products + differenceX * differenceY * scale;
  const allFinite = Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(sumX) && Number.isFinite(sumY);
  if (!Number.isFinite(products) && allFinite) throw overflow();
  state.products = Number.isFinite(products) ? products : NaN;
  return state;
}

const over = (moments: Moments, of: (moments: Moments) => number, least = 1): number | null =>
  moments.count < least ? null : of(moments);

const table: { [primitive: string]: Aggregate<Moments> } = {};
for (const type of ['float4', 'float8']) {
  const aggregate = (of: (state: Moments) => number, least = 1): Aggregate<Moments> => ({
    init: newMoments,
    step: add,
    result: (state) => over(state, of, least),
  });
  table[`avg.${type}`] = aggregate((m) => m.sumX / m.count);
  table[`var_pop.${type}`] = aggregate((m) => m.squaresX / m.count);
  table[`var_samp.${type}`] = aggregate((m) => m.squaresX / (m.count - 1), 2);
  table[`stddev_pop.${type}`] = aggregate((m) => Math.sqrt(m.squaresX / m.count));
  table[`stddev_samp.${type}`] = aggregate((m) => Math.sqrt(m.squaresX / (m.count - 1)), 2);
}

const pairs: { readonly [name: string]: (m: Moments) => number | null } = {
  covar_pop: (m) => over(m, () => m.products / m.count),
  covar_samp: (m) => over(m, () => m.products / (m.count - 1), 2),
  corr: (m) => (m.count < 1 || m.squaresX === 0 || m.squaresY === 0 ? null : correlation(m)),
  regr_avgx: (m) => over(m, () => m.sumX / m.count),
  regr_avgy: (m) => over(m, () => m.sumY / m.count),
  regr_count: (m) => m.count,
  regr_sxx: (m) => over(m, () => m.squaresX),
  regr_sxy: (m) => over(m, () => m.products),
  regr_syy: (m) => over(m, () => m.squaresY),
  regr_slope: (m) => (m.count < 1 || m.squaresX === 0 ? null : m.products / m.squaresX),
  regr_intercept: (m) => (m.count < 1 || m.squaresX === 0 ? null : (m.sumY - (m.sumX * m.products) / m.squaresX) / m.count),
  regr_r2: (m) =>
    m.count < 1 || m.squaresX === 0 ? null : m.squaresY === 0 ? 1 : (m.products * m.products) / (m.squaresX * m.squaresY),
};
function correlation(m: Moments): number {
  const product = m.squaresX * m.squaresY;
  const divisor = product === 0 || !Number.isFinite(product) ? Math.sqrt(m.squaresX) * Math.sqrt(m.squaresY) : Math.sqrt(product);
  return Math.min(Math.max(m.products / divisor, -1), 1);
}
const countPairs = (state: Moments, y: number | null, x: number | null): Moments => {
  if (x !== null && y !== null) state.count++;
  return state;
};
for (const [name, result] of Object.entries(pairs))
  table[`${name}.float8`] = { init: newMoments, step: name === 'regr_count' ? countPairs : addPair, result };

export const FLOAT_AGGREGATES: { readonly [primitive: string]: Aggregate } = table;

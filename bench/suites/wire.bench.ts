/** What clients over PostgreSQL's wire must get: pgbench beside PostgreSQL, and small statements beside a heavy one. */
import type { Measure } from '../harness/measure.ts';
import { heavyMeasures } from './wire/heavy.ts';
import { pgbenchMeasures } from './wire/pgbench.ts';

const measures: readonly Measure[] = [...pgbenchMeasures, ...heavyMeasures];
export default measures;

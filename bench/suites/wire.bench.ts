/** What clients over PostgreSQL's wire must get: pgbench beside PostgreSQL, and small statements beside a heavy one. */
import type { Measure } from '../harness/measure.ts';
import { connectionMeasures } from './wire/connections.ts';
import { copyMeasures } from './wire/copy.ts';
import { driverMeasures } from './wire/drivers.ts';
import { heavyMeasures } from './wire/heavy.ts';
import { pgbenchMeasures } from './wire/pgbench.ts';
import { restartMeasures } from './wire/restart.ts';

const measures: readonly Measure[] = [
  ...pgbenchMeasures,
  ...copyMeasures,
  ...driverMeasures,
  ...connectionMeasures,
  ...restartMeasures,
  ...heavyMeasures,
];
export default measures;

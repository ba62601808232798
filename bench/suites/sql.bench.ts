/** What SQL must show: prepared statements over one table, beside better-sqlite3, one thread, or a limit. */
import type { Measure } from '../harness/measure.ts';
import { otherMeasures } from './sql/others.ts';
import { singleMeasures } from './sql/single.ts';
import { startMeasures } from './sql/start.ts';
import { threadMeasures } from './sql/threads.ts';

const measures: readonly Measure[] = [...singleMeasures, ...threadMeasures, ...startMeasures, ...otherMeasures];
export default measures;

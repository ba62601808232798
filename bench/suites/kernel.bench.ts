/** What the kernel must show: its hot paths with generated accessors, beside better-sqlite3, one thread, or a limit. */
import type { Measure } from '../harness/measure.ts';
import { singleMeasures } from './kernel/single.ts';
import { startMeasures } from './kernel/start.ts';
import { threadMeasures } from './kernel/threads.ts';

const measures: readonly Measure[] = [...singleMeasures, ...threadMeasures, ...startMeasures];
export default measures;

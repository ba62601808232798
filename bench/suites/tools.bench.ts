/** What catalogs, drivers and tools live on: scans with regular expressions and paths into documents, beside PostgreSQL. */
import type { Measure } from '../harness/measure.ts';
import { scanMeasures } from './tools/scans.ts';

const measures: readonly Measure[] = scanMeasures;
export default measures;

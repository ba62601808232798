/** Where the thread begins (probe-entry.ts). */

import { runProbe } from './probe-entry.ts';

runProbe();

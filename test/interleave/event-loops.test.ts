/** Sessions that wait on event loops, under the scheduler. */
import { exploreAll } from './explore-all.ts';

exploreAll('interleavings of event loops', { runs: 50, random: 30 }, [
  ['event-loops-rows', 'TX-T15: who waits for a row on an event loop is woken, whoever ends', ['doorbell.wait', 'wait.asked']],
  [
    'event-loops-deadlock',
    'TX-T15: a victim on an event loop is woken with its reason',
    ['doorbell.wait', 'deadlock.victim'],
    30,
  ],
  ['event-loops-durable', 'SM-W3: who waits for the disk on an event loop is woken', ['doorbell.wait', 'durable.beforeAsk'], 300],
]);

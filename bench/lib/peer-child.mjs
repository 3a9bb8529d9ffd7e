// One library in a process of its own, so that a call that never returns can be ended.
// Asked for { name }, it makes the matrix, calls once and answers { took, rank }; asked for { ms }, it answers { time
// }, the median of one call. Times are in ms; { error } where the library threw.
import { batchFor, measure, warmUp } from './measure.mjs';
import { PEER_CASES } from './peer-cases.mjs';
import { PEERS } from './peers.mjs';

const ready = PEERS[process.argv[2]]();
let call;
let batch = 0;

async function first(name) {
  const prepare = await ready;
  call = prepare(PEER_CASES.find((entry) => entry.name === name).make());
  const start = performance.now();
  const rank = call();
  const took = performance.now() - start;
  batch = took > 1000 ? 1 : 0; // slow enough: no warm-up
  return { took, rank };
}

function timed(ms) {
  if (!batch) {
    warmUp(call, ms);
    batch = batchFor(call);
  }
  return { time: measure(call, ms, batch) };
}

process.on('message', async ({ name, ms }) => {
  try {
    process.send(name ? await first(name) : timed(ms));
  } catch (error) {
    process.send({ error: String(error?.message ?? error).split('\n')[0] || 'failed' });
  }
});
process.on('disconnect', () => process.exit());
// Loading is not part of the first call's time limit.
ready.then(
  () => process.send('ready'),
  (error) => process.send({ error: String(error?.message ?? error).split('\n')[0] }),
);

// One library in a process of its own, so that a call that never returns can be ended. Asked for { name, ms },
// it answers { time, rank } or { error }: time is the median of one call in ms.
import { measure, warmUp } from './measure.mjs';
import { PEER_CASES } from './peer-cases.mjs';
import { PEERS } from './peers.mjs';

const ready = PEERS[process.argv[2]]();
let current = '';
let call;
let batch = 1;

process.on('message', async ({ name, ms }) => {
  try {
    const prepare = await ready;
    if (current !== name) {
      current = '';
      call = prepare(PEER_CASES.find((entry) => entry.name === name).make());
      batch = warmUp(call, ms);
      current = name;
    }
    const rank = call();
    process.send({ time: measure(call, ms, batch), rank });
  } catch (error) {
    process.send({ error: String(error?.message ?? error).split('\n')[0] || 'failed' });
  }
});
process.on('disconnect', () => process.exit());
process.send('ready');

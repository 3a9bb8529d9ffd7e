// matrix-rank/heavy-tail
export { type HeavyTail, heavyTail } from './matrix/heavy-tail.js';

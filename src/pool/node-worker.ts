// The worker thread that piscina starts.
export { run as default } from './run.js';

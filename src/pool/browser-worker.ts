// The Web Worker.
import { type Port, serve } from './worker.js';

serve(globalThis as unknown as Port);

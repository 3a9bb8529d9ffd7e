// matrix-rank/jobs: processors for any queue, the payloads that they take, and what makes payloads of a source.
export {
  decode,
  encode,
  type JobOptions,
  JobRefusedError,
  KERNEL,
  keyOf,
  type MergePayload,
  type Payload,
  type Reference,
  type RowsPayload,
  type State,
  type TensorPayload,
  VERSION,
} from './payload.js';
export { type ModelPlan, planJobs, type TallPlan } from './plan.js';
export {
  accumulateRows,
  type JobContext,
  mergeAccumulators,
  type ReportResult,
  rankTensor,
  rowsOf,
  type StateResult,
  type TensorResult,
} from './processors.js';
export { refer } from './reference.js';
export { folderStore, type Store } from './store.js';

// matrix-rank/files: the rank of every matrix of a model file.
export { FormatError } from '../formats/errors.js';
export { type FileProgress, type RankFileOptions, rankFile } from './rank-file.js';
export type { FileRow } from './record.js';

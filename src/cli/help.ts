// What --help prints, and what the command says when it is given nothing.
export const SHORT_HELP = `matrix-rank: which layers of a model are low-rank, by how much, and how sure that is.

Usage: matrix-rank FILE... [options]

  matrix-rank model.safetensors                 a table, one row a weight
  matrix-rank model.onnx --filter attn --json   one JSON object a line, of the tensors whose name matches
  matrix-rank --help                            all options, formats and examples
`;

export const HELP = `matrix-rank: which layers of a model are low-rank, by how much, and how sure that is.

Usage: matrix-rank FILE... [options]

  FILE            a model file (.safetensors .onnx .gguf .pt .npy .npz .h5 .keras .tflite .mat .mtx .csv, tfjs, ...),
                  a folder, https://..., hf://org/name[@revision][/path]; - reads the standard input

Output (a table, unless one of these is given)
  --json          one JSON object a line: name shape matrix dtype rank full tolerance margin method storage noise
                  proven toleranceOf, metrics where they were asked for, note, error
  --csv           the same as comma-separated values, with a header
  --html OUT      also write a page of its own with the spectrum of every weight
  --only WHICH    deficient, full, unproven or failed rows only
  --sort COLUMN   by a column of --json, the smallest first; COLUMN:desc turns it round
  --top N         no more than N rows
  --flat          every row of a large model, which the table folds into its blocks otherwise

What is computed
  --filter REGEX  only tensors whose name matches
  --layout L      tensors of three dimensions and more are meant so, whatever the file says: OIHW, HWIO or HWCM kernels,
                  experts or rnn (a stack of matrices), dense (as stored)
  --metrics       also stable rank, effective rank, energy ranks, condition number
  --metrics heavy-tail
                  and WeightWatcher's: alpha, its D, soft rank, spikes
  --no-metrics    no energy ranks; the table has them anyway where they take no longer than the rank did
  --tol X         count singular values above X; 'storage': above what rounding to the stored type can do
  --rtol X        above X times the largest one
  --atol X        above X; with --rtol, above the larger of the two
                  default: the largest one times max(rows, columns) times float32's (float64's) epsilon, as NumPy; of
                  weights in 16 bits or fewer no less than what rounding to their type can do

Two files
  --compare FILE  layer by layer, the rank before (the first FILE) and after (this one); with --html both spectra
  --diff          with --compare: also the rank of the difference, above what rounding to the stored type makes

Low-rank adapters (LoRA; docs/lora.md)
  --resize X -o OUT
                  write the adapter FILE (.safetensors, or PEFT's folder) cut, weight by weight, to the share X of its
                  energy (0.99), or to rank X (8). A PEFT adapter's adapter_config.json is written beside OUT

What to do about it (below the table: what to shrink, and what that saves)
  --energy E      of a layer's energy, the sum of its squared singular values, keep 0.99 (default), 0.95, 0.9 or 1: its
                  exact rank. A share E leaves a relative error of at most sqrt(1 - E) in the weight
  --ranks OUT     write { layer: rank } as JSON, for scripts that compress or set up LoRA
  --fail-if EXPR  end with status 1 when a row fulfils it: 'rank < 0.9 full', 'margin < 2 and name ~ "attn"';
                  columns of --json, + - * / % ( ), < <= > >= == != ~, and or not

Resources
  --threads N     default: one for each core
  --memory BYTES  stay below: a .npy that needs more is read row by row, another tensor a failed row; 512M, 2G
                  default: about a quarter of the machine's, and what needs more is decided alone
  --shard I/N     only the I-th of N shares of the tensors (I from 1), even in cost: N runs together do all

Beyond one machine (docs/scaling.md)
  matrix-rank fold [FILE.npy...] [--columns K] [--dtype float32|float64] [-o STATE]
                  rows in, a state out: of .npy files, or of the standard input (.npy, or raw little-endian numbers)
  matrix-rank merge STATE... [-o STATE] [--json] [--tol | --rtol | --atol X]
                  states in, one state out, or the rank of all their rows
  matrix-rank worker --queue URL [--threads N] [--store FOLDER] [--lock SECONDS]
                  does the jobs of a queue, redis://HOST:PORT or postgres://USER@HOST:PORT/DATABASE (npm install bullmq
                  and ioredis or pg). FOLDER: one that all workers see, for large states and for results to be kept
  --queue URL     the workers of this queue do the work; FILE is a path that they see too, or a URL

  -h, --help      this text
  -v, --version   the version

What a row says
  Each tensor of two dimensions or more is flattened to one matrix: its outputs are the rows (recurrent weights:
  one matrix for each direction). rank counts the singular values above the tolerance, full is min(rows, columns).
  margin is how far the nearest proven bound of a singular value stays from the tolerance: 1 is on the edge, 10
  means a tolerance ten times larger or smaller would give the same rank. "Infinity" in JSON and CSV: none does.
  toleranceOf says whose tolerance it is: float32 or float64 (the default of the type), storage (rounding to the
  stored type), given. method is the step that decided; ~ stands before a rank that is computed, but not proven.
  With several files each row also has its file. A tensor that cannot be decided has no rank, but an error.

Exit status: 0 fine, 1 some tensor or file failed (the others are still reported), nothing was found or --fail-if
holds, 2 bad usage, 130 interrupted.

Examples
  matrix-rank model.safetensors
  matrix-rank model.onnx --filter 'attn|mlp' --metrics
  matrix-rank weights.npz --json | jq 'select(.rank < .full)'
  matrix-rank model.safetensors --energy 0.95 --ranks ranks.json
  matrix-rank base.safetensors --compare tuned.safetensors --diff
`;

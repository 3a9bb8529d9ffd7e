// A folder of a model: a Hugging Face checkout or cache snapshot, an adapter, a tfjs model,
// else every model file in it.
// Which files those are: an index and not the shards that it names; .safetensors and not the same weights as .bin, .h5
// or .msgpack beside them; folders within (diffusers) where the folder itself holds no model.
import { textDecoder } from '../../shared/text.js';
import { FormatError } from '../errors.js';
import { refuseFolder } from '../signatures.js';
import type { Folder } from './source.js';

const INDEX = /\.index\.json$/;
const MODEL = /\.(safetensors|onnx|gguf|npy|npz|pt|pth|ckpt|bin|h5|hdf5|keras|mat|tflite|csv|tsv|mtx)$/i;
/** Files beside weights that have a model's extension: optimizer states, training arguments, tokenizers. */
const OTHER =
  /^(optimizer|scheduler|training_args|rng_state|random_states|scaler|trainer_state|tokenizer)[._\d-].*/i;
/** The same weights in other formats, next to .safetensors; those of TensorFlow next to PyTorch's, too. */
const OF_TENSORFLOW = /^tf_model.*\.h5$/;
const DOUBLE =
  /^(pytorch_model|diffusion_pytorch_model|model|consolidated|adapter_model|tf_model).*\.(bin|pt|pth|ckpt|h5)$/i;
const MAX_DEPTH = 4;
const MAX_FILES = 10_000;

/**
 * The model files of a folder by their paths in it, in order. FormatError where there are none,
 * or where it is one that is not read.
 */
export async function modelFiles(folder: Folder): Promise<string[]> {
  const files = await filesIn(folder, '', 0);
  if (files.length > 0) return files;
  throw new FormatError(
    folder.name,
    'holds no model file; those end in .safetensors, .onnx, .gguf, .npy, .npz, .pt, .pth, .bin, .h5, .keras, ' +
      '.mat, .tflite, .csv or .mtx, or are a model.json of tfjs.',
  );
}

async function filesIn(folder: Folder, path: string, depth: number): Promise<string[]> {
  const names = (await folder.list(path)).sort(inOrder);
  if (names.length > MAX_FILES)
    throw new FormatError(folder.name, `has ${names.length} files, at most ${MAX_FILES} are looked at.`);
  refuseFolder(
    path === '' ? folder.name : `${folder.name}/${path.slice(0, -1)}`,
    names.map((n) => n.replace(/\/$/, '')),
  );
  const found = await choose(
    folder,
    path,
    names.filter((name) => !name.endsWith('/') && !name.startsWith('.')), // ._x is of macOS, beside x
  );
  if (found.length > 0 || depth >= MAX_DEPTH) return found.map((name) => path + name);
  const below: string[] = [];
  for (const name of names) {
    if (!name.endsWith('/') || name.startsWith('.')) continue;
    below.push(...(await filesIn(folder, path + name, depth + 1)));
  }
  return below;
}

async function choose(folder: Folder, path: string, names: readonly string[]): Promise<string[]> {
  const indices = names.filter((name) => INDEX.test(name));
  const safe = names.some((name) => name.endsWith('.safetensors'));
  const kept = indices.filter(
    (name) => !safe || /safetensors/.test(name) || !indices.some((i) => /safetensors/.test(i)),
  );
  const shards = new Set<string>();
  for (const name of indices) for (const shard of await shardsOf(folder, path + name)) shards.add(shard);
  const torch = names.some((name) => /^pytorch_model.*\.bin$/.test(name));
  const files = names.filter(
    (name) =>
      MODEL.test(name) &&
      !OTHER.test(name) &&
      !shards.has(name) &&
      !(safe && DOUBLE.test(name)) &&
      !(torch && OF_TENSORFLOW.test(name)),
  );
  const tfjs = [];
  for (const name of names) if (/\.json$/.test(name) && (await isTfjs(folder, path + name))) tfjs.push(name);
  // The binary files beside a model.json are its shards.
  return [...kept, ...tfjs, ...(tfjs.length > 0 ? files.filter((name) => !/\.bin$/.test(name)) : files)];
}

const MAX_JSON = 1 << 26;

async function textOf(folder: Folder, path: string, most: number): Promise<string> {
  const source = await folder.open(path);
  try {
    return textDecoder().decode(await source.read(0, Math.min(source.size, most)));
  } finally {
    await source.close();
  }
}

async function shardsOf(folder: Folder, path: string): Promise<string[]> {
  const text = await textOf(folder, path, MAX_JSON);
  const map = text.slice(Math.max(0, text.indexOf('"weight_map"')));
  return [...new Set([...map.matchAll(/:\s*"([^"\\]+)"/g)].map(([, shard]) => shard))];
}

async function isTfjs(folder: Folder, path: string): Promise<boolean> {
  if (
    /(^|\/)(config|tokenizer|vocab|generation_config|special_tokens_map)[^/]*\.json$|index\.json$/.test(path)
  )
    return false;
  if (/(^|\/)weights_manifest\.json$/.test(path)) return true;
  return (
    /(^|\/)model\.json$/.test(path) && (await textOf(folder, path, MAX_JSON)).includes('"weightsManifest"')
  );
}

/** Names as people count: part 2 before part 10. */
function inOrder(a: string, b: string): number {
  const key = (name: string) => name.replace(/\d+/g, (digits) => digits.padStart(12, '0'));
  return key(a) < key(b) ? -1 : 1;
}

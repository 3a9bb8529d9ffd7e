// Files that are not read: what each is, by its first bytes or its name, and what to do about it.
import { FormatError } from './errors.js';

interface Signature {
  /** Bytes at an offset, as Latin-1. */
  magic?: readonly [at: number, bytes: string];
  text?: RegExp;
  /** The file's name. */
  name?: RegExp;
  /** The rest of "FILE ...". */
  says: string;
}

const DOWNLOAD = 'so the download failed: look at the address, or sign in';

const SIGNATURES: readonly Signature[] = [
  {
    text: /^version https:\/\/git-lfs\.github\.com/,
    says: "is a Git LFS pointer, not the file itself; 'git lfs pull' in its folder fetches it.",
  },
  {
    text: /^\s*(<!--[\s\S]*?-->\s*)*<(!doctype\s+html|html|head|body)/i,
    says: `is an HTML page, ${DOWNLOAD}.`,
  },
  {
    text: /^\s*<\?xml/,
    name: /\.xml$/i,
    says: 'is XML, such as an OpenVINO model; its weights are in ONNX as well, mostly.',
  },
  { text: /^\s*<\?xml/, says: `is XML, mostly the error page of a file server, ${DOWNLOAD}.` },
  { magic: [0, 'PAR1'], says: 'is a Parquet table; save its columns as .npy or .csv.' },
  { magic: [0, 'ARROW1'], says: 'is an Arrow file; save its columns as .npy or .csv.' },
  { magic: [0, 'FEA1'], says: 'is a Feather file of Arrow; save its columns as .npy or .csv.' },
  {
    magic: [0, '\xff\xff\xff\xff'],
    name: /\.arrows?$/i,
    says: 'is an Arrow stream; save its columns as .npy or .csv.',
  },
  ...['lmgg', 'fmgg', 'tjgg', 'algg'].map((magic) => ({
    magic: [0, magic] as const,
    says: 'is GGML, what came before GGUF; convert it with the scripts of llama.cpp.',
  })),
  { magic: [4, 'ORTM'], says: "is in ONNX Runtime's own format; the .onnx that it was made from is read." },
  {
    magic: [4, 'ET12'],
    says: 'is an ExecuTorch program; the .pt or .safetensors that it was made from is read.',
  },
  { magic: [0, 'ftrt'], says: 'is a TensorRT engine; the .onnx that it was made from is read.' },
  { magic: [0, '\x1f\x8b'], says: "is compressed with gzip; 'gunzip' it first." },
  { magic: [0, 'BZh'], says: "is compressed with bzip2; 'bunzip2' it first." },
  { magic: [0, '\xfd7zXZ'], says: "is compressed with xz; 'unxz' it first." },
  { magic: [0, '\x28\xb5\x2f\xfd'], says: "is compressed with Zstandard; 'unzstd' it first." },
  { magic: [0, '7z\xbc\xaf'], says: 'is a 7-Zip archive; unpack it first.' },
  { magic: [0, 'Rar!'], says: 'is a RAR archive; unpack it first.' },
  { magic: [257, 'ustar'], says: 'is a tar archive (.nemo files are, too); unpack it first.' },
  { magic: [0, '%PDF'], says: 'is a PDF document.' },
  { magic: [0, '\x89PNG'], says: 'is a picture.' },
  { magic: [0, '\xff\xd8\xff'], says: 'is a picture.' },
  { magic: [0, 'CDF'], says: 'is a NetCDF file; save its arrays as .npy.' },
  { magic: [0, 'SQLite format 3'], says: 'is an SQLite database.' },
  { magic: [0, '\xd0\xcf\x11\xe0'], says: 'is an old Office document; save the sheet as CSV.' },
  { magic: [0, 'RDX'], says: 'is an R workspace; write its matrices with write.csv.' },
  {
    name: /(^|\/)saved_model\.pb(txt)?$/,
    says: 'is a TensorFlow SavedModel; tensorflowjs_converter or tf2onnx make a model that is read.',
  },
  { name: /\.mlmodel(c)?$/i, says: 'is a Core ML model; the model that it was made from is read.' },
  { name: /\.pb(txt)?$/i, says: 'is a TensorFlow graph; tf2onnx makes an .onnx of it.' },
  {
    name: /\.(ckpt\.)?(index|data-\d+-of-\d+)$/,
    says: 'is part of a TensorFlow checkpoint; save the weights as .h5 or .npz.',
  },
  { name: /\.msgpack$/i, says: 'holds Flax weights as MessagePack; save them as .safetensors.' },
  { name: /\.caffemodel$/i, says: 'is a Caffe model; convert it to ONNX.' },
];

/** Folders, by a file or folder in them. */
const FOLDERS: readonly { holds: RegExp; says: string }[] = [
  {
    holds: /^saved_model\.pb(txt)?$/,
    says: 'is a TensorFlow SavedModel; tensorflowjs_converter or tf2onnx make a model that is read.',
  },
  { holds: /^(\.zarray|\.zgroup|\.zattrs|zarr\.json)$/, says: 'is a Zarr array; save it as .npy.' },
  {
    holds: /^coremldata\.bin$|^com\.apple\.CoreML$/,
    says: 'is a Core ML package; the model that it was made from is read.',
  },
  {
    holds: /^(_METADATA|_CHECKPOINT_METADATA|ocdbt\.process_0|manifest\.ocdbt)$/,
    says: 'is an Orbax checkpoint; save the weights as .safetensors.',
  },
  { holds: /\.data-\d+-of-\d+$/, says: 'is a TensorFlow checkpoint; save the weights as .h5 or .npz.' },
];

/** Throws what is known of a file that is not read. `head`: its first bytes, 512 where there are as many. */
export function refuseKnown(file: string, head: Uint8Array): void {
  const text = String.fromCharCode(...head);
  const found = SIGNATURES.find(
    ({ magic, text: pattern, name }) =>
      (magic === undefined || text.startsWith(magic[1], magic[0])) &&
      (pattern === undefined || pattern.test(text.replace(/^\xef\xbb\xbf/, ''))) &&
      (name === undefined || name.test(file)),
  );
  if (found !== undefined) throw new FormatError(file, found.says);
}

/** Throws what is known of a folder that is not read, by the names in it. */
export function refuseFolder(folder: string, names: readonly string[]): void {
  const own = /\.(mlmodelc|mlpackage|zarr)$/.exec(folder)?.[1];
  if (own !== undefined)
    throw new FormatError(
      folder,
      own === 'zarr'
        ? 'is a Zarr array; save it as .npy.'
        : 'is a Core ML package; the model that it was made from is read.',
    );
  for (const { holds, says } of FOLDERS) {
    if (names.some((name) => holds.test(name))) throw new FormatError(folder, says);
  }
}

/** A pickle by its first bytes: a protocol, then a frame or an opcode that begins an object. */
export function isPickle(head: Uint8Array): boolean {
  return head[0] === 0x80 && head[1] >= 2 && head[1] <= 5 && head.length > 2;
}

/** 0x1950a86a20f9469cfc6c, pickled: how a file of PyTorch before 1.6 begins, after a protocol and from 4 on a frame. */
const MAGIC = '\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.';
/** The same in protocols 0 and 1. */
const DIGITS = 'L119547037146038801333356L\n.';
const FRAME = 9;

/** Whether a file that begins so is one of PyTorch before 1.6. */
export function isLegacyPytorch(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, 32));
  const at = text[2] === '\x95' ? 2 + FRAME : 2;
  return (text[0] === '\x80' && text.startsWith(MAGIC, at)) || text.startsWith(DIGITS);
}

// Which of the files that were dropped are models, and which only lie beside one.
import type { Model } from './messages.js';

export function toModels(files: readonly File[]): Model[] {
  const is = (pattern: RegExp) => files.filter((f) => pattern.test(f.name));
  const index = is(/\.json$/i);
  const found =
    index.length > 0 && is(/\.(bin|safetensors)$/i).length > 0
      ? [...index, ...is(/\.(npy|npz|onnx|gguf|pt|pth|ckpt)$/i)]
      : is(/\.(npy|npz|safetensors|onnx|gguf|json|pt|pth|ckpt|bin|pkl)$/i);
  return (found.length > 0 ? found : [...files]).map((file) => ({ file, beside: [...files] }));
}

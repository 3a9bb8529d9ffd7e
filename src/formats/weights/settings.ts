// What config.json and adapter_config.json beside a model tell of how its weights are packed.
// Absent or broken: nothing.
import { isObject, type Json } from '../json.js';
import { type ByteSource, readText } from '../source/source.js';
import { ModulePatterns } from './module-patterns.js';

export interface Settings {
  /** What a config says that the weights are quantised by. */
  method?: string;
  bits?: number;
  group?: number;
  /** Of single layers, where they differ. */
  layers: ReadonlyMap<string, Pick<Settings, 'bits' | 'group'>>;
  /** What GPTQ took off its zero points. */
  gptqLess: number;
  /** Of FP8 block scales. */
  block?: number[];
  adapter?: AdapterSettings;
}

export interface AdapterSettings {
  alpha: number;
  rslora: boolean;
  /** lora_alpha by a pattern of module names. */
  alphas: ModulePatterns<number>;
  /** The factors' rank, and that of modules by a pattern of their names. */
  rank?: number;
  ranks: ModulePatterns<number>;
  /** Whether parameters are adapted that may be stacks of experts: their factors are stacks as well. */
  stacks: boolean;
  /** Whether inputs are pooled before the first factor (QALoRA). */
  pooled: boolean;
}

const MAX_CONFIG = 1 << 24;
const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

/** The settings beside a file. */
export async function readSettings(source: ByteSource): Promise<Settings> {
  const config = await readBeside(source, 'config.json');
  const { quantization_config, compression_config, quantization: own } = config;
  const gptq = await readBeside(source, 'quantize_config.json'); // AutoGPTQ's
  const told = [quantization_config, compression_config, own].find(isObject);
  const quantization = told ?? (typeof gptq.bits === 'number' ? { quant_method: 'gptq', ...gptq } : {});
  const block = quantization.weight_block_size;
  const adapter = await readBeside(source, 'adapter_config.json');
  return {
    method: await methodOf(source, quantization),
    bits: number(quantization.bits),
    group: number(quantization.group_size),
    layers: new Map(
      Object.entries(quantization).flatMap(([layer, of]) =>
        isObject(of) ? [[layer, { bits: number(of.bits), group: number(of.group_size) }] as const] : [],
      ),
    ),
    gptqLess: quantization.checkpoint_format === 'gptq_v2' ? 0 : 1,
    block:
      Array.isArray(block) && block.length === 2 && block.every((b) => number(b)! > 0) ? block : undefined,
    adapter: toAdapter(adapter),
  };
}

/** By config.json, or by the file that ModelOpt writes. */
async function methodOf(source: ByteSource, quantization: Json): Promise<string | undefined> {
  const name = (value: unknown) =>
    typeof value === 'string' && value !== '' ? value.slice(0, 40) : 'quantised';
  if (Object.keys(quantization).length > 0) return name(quantization.quant_method ?? quantization.mode);
  const { quantization: modelopt } = await readBeside(source, 'hf_quant_config.json');
  return isObject(modelopt) ? name(modelopt.quant_algo) : undefined;
}

function toAdapter(config: Json): AdapterSettings | undefined {
  const alpha = number(config.lora_alpha);
  if (alpha === undefined) return undefined;
  const { r, target_parameters: parameters } = config;
  return {
    ...{ alpha, rslora: config.use_rslora === true, alphas: toPatterns(config.alpha_pattern) },
    ...{ rank: number(r), ranks: toPatterns(config.rank_pattern) },
    stacks: Array.isArray(parameters) && parameters.length > 0,
    pooled: config.use_qalora === true,
  };
}

function toPatterns(by: unknown): ModulePatterns<number> {
  return new ModulePatterns(
    Object.entries(isObject(by) ? by : {}).flatMap(([key, value]) =>
      number(value) === undefined ? [] : [[key, value as number] as const],
    ),
  );
}

/** The object in a JSON file beside another; empty where there is none. */
export async function readBeside(source: ByteSource, name: string): Promise<Json> {
  let beside: ByteSource | undefined;
  try {
    beside = await source.sibling(name);
    if (beside.size > MAX_CONFIG) return {};
    const json: unknown = JSON.parse(await readText(beside));
    return isObject(json) ? json : {};
  } catch {
    return {};
  } finally {
    await beside?.close();
  }
}

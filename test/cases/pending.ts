// Cases that are not right yet. Whoever mends one takes it off the list.
export const PENDING = new Set<string>([
  'files/lora',
  'wide/lora-kohya',
  'wide/lora-kohya-conv',
  'wide/lora-peft-0',
  'wide/lora-peft-1',
]);

// Protocol buffers, field by field.
export { PbfReader } from 'pbf';
